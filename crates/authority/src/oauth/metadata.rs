//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use super::assertion::ALGORITHMS;
use super::token::GRANT_EXCHANGE;
use super::{AUTHORIZE, INTROSPECT, PAR, REVOKE, TOKEN};
use crate::call::{Content, Memory, Reply};
use crate::line::Authority;
use serde_json::json;

impl Authority {
    /// What a client must know. Nothing that is not offered stands here.
    pub(crate) fn metadata(&self) -> Reply {
        let issuer = &self.plan.issuer.issuer;
        let at = |path: &str| format!("{issuer}{path}");
        let mut scopes: Vec<&String> = self.plan.issuer.roles.values().flatten().collect();
        scopes.sort_unstable();
        scopes.dedup();
        let proven = [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ];
        let mut ways = vec!["none"];
        ways.extend(proven);
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": at(AUTHORIZE),
            "token_endpoint": at(TOKEN),
            "pushed_authorization_request_endpoint": at(PAR),
            "introspection_endpoint": at(INTROSPECT),
            "revocation_endpoint": at(REVOKE),
            "jwks_uri": at("/.well-known/jwks.json"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", GRANT_EXCHANGE],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ways,
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "introspection_endpoint_auth_methods_supported": proven,
            "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "revocation_endpoint_auth_methods_supported": ways,
            "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            "authorization_response_iss_parameter_supported": true,
            "scopes_supported": scopes,
        });
        Reply::of(Content::Json(document), Memory::None)
    }
}
