//! `POST /oauth/token` (RFC 6749 §3.2).

mod code;
mod exchange;
mod own;
mod refresh;

use http::request::Parts as Head;
use serde_json::{Value, json};
use vauban_audit::control;
use vauban_net::IncomingBody;
use vauban_policy::{Client, Denial, Grant, OauthError};
use vauban_secret::Secret;

pub(super) use exchange::{GRANT as GRANT_EXCHANGE, act};

use super::parameters::Parameters;
use super::{refuse, scope};
use crate::call::{Call, Reply};
use crate::line::Authority;
use crate::store::Minted;

const OPERATION: &str = "token";

impl Authority {
    pub(crate) async fn token(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        OPERATION.clone_into(&mut call.event.operation);
        let parameters = Parameters::form(head, body).await?;
        let client = self
            .authenticate(call, head, &parameters, OPERATION)
            .await?;
        let wanted = parameters.need("grant_type")?;
        let grant = grant_named(wanted).ok_or_else(|| {
            let error = OauthError::UnsupportedGrantType;
            refuse(call, control::AUTHORITY_GRANT, error, "no such grant")
        })?;
        if !client.grants.contains(&grant) {
            let error = OauthError::UnauthorizedClient;
            return Err(refuse(
                call,
                control::AUTHORITY_GRANT,
                error,
                "the client may not use this grant",
            ));
        }
        // An exchange has a list of its own.
        if grant != Grant::TokenExchange {
            scope::judge_resources(&parameters, &self.plan.issuer.audience)?;
        }
        match grant {
            Grant::AuthorizationCode => self.redeem(call, client, &parameters).await,
            Grant::RefreshToken => self.rotate(call, client, &parameters).await,
            Grant::ClientCredentials => self.issue_own(call, client, &parameters).await,
            Grant::TokenExchange => self.exchange_token(call, client, &parameters).await,
        }
    }
}

fn grant_named(word: &str) -> Option<Grant> {
    match word {
        "authorization_code" => Some(Grant::AuthorizationCode),
        "refresh_token" => Some(Grant::RefreshToken),
        "client_credentials" => Some(Grant::ClientCredentials),
        exchange::GRANT => Some(Grant::TokenExchange),
        _ => None,
    }
}

/// Whether the client gets refresh tokens at all.
fn refreshes(client: &Client) -> bool {
    client.grants.contains(&Grant::RefreshToken)
}

/// The answer of RFC 6749 §5.1.
fn answer(access: &Minted, refresh: Option<&Secret>, now: u64) -> Value {
    let mut answer = json!({
        "access_token": access.token,
        "token_type": "Bearer",
        "expires_in": access.expires_at.saturating_sub(now),
        "scope": access.scope,
    });
    if let (Some(refresh), Some(members)) = (refresh, answer.as_object_mut()) {
        let text = refresh.expose_text().unwrap_or_default();
        members.insert("refresh_token".to_owned(), text.into());
    }
    answer
}
