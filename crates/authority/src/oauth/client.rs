//! Who asks: exactly one way of authentication per request, and the one that the plan names (OAuth 2.1 §2.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts as Head;
use vauban_audit::control;
use vauban_http::Query;
use vauban_policy::{Client, ClientAuthentication, Denial, OauthError};
use zeroize::Zeroizing;

use super::parameters::Parameters;
use super::refuse;
use crate::call::{Call, Unable, single};
use crate::identifier::token_hash;
use crate::line::Authority;

/// Longest secret that is looked at, bytes.
const SECRET_BYTES_MAX: usize = 256;

/// What the request presents.
struct Presented {
    id: String,
    way: ClientAuthentication,
    secret: Zeroizing<String>,
}

impl Authority {
    /// The client of a request to the token, revocation, introspection or pushed-request endpoint.
    ///
    /// An unknown client, a wrong secret and a wrong way are one and the same refusal, after the same look into the store. Only
    /// refusals spend the source's budget: what proves itself is not slowed down by its neighbours.
    pub(super) async fn authenticate(
        &self,
        call: &mut Call,
        head: &Head,
        parameters: &Parameters,
        operation: &str,
    ) -> Result<&Client, Denial> {
        let presented = match read(head, parameters) {
            Ok(presented) => presented,
            Err(denial) => {
                call.refused(control::AUTHORITY_CLIENT, "no single way of authentication");
                self.spend_source(call, head, operation)?;
                return Err(denial);
            }
        };
        let client = self.client(&presented.id);
        let proven = self
            .store
            .client_secret_is(
                &presented.id,
                &token_hash(presented.secret.as_bytes()),
                self.now(),
            )
            .await
            .map_err(Unable::from)?;
        let fact = match client {
            None => "client is unknown",
            Some(client) if client.authentication != presented.way => {
                "client does not authenticate in its registered way"
            }
            Some(client) if client.authentication != ClientAuthentication::None && !proven => {
                "client's secret is wrong"
            }
            Some(client) => {
                call.event.client_id = Some(client.id.clone());
                call.passed(control::AUTHORITY_CLIENT, way_of(client.authentication));
                if client.authentication == ClientAuthentication::None {
                    self.spend_source(call, head, operation)?;
                }
                return Ok(client);
            }
        };
        self.spend_source(call, head, operation)?;
        Err(refuse(
            call,
            control::AUTHORITY_CLIENT,
            OauthError::InvalidClient,
            fact,
        ))
    }

    /// A client of the plan.
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.plan.clients.iter().find(|client| client.id == id)
    }
}

fn way_of(authentication: ClientAuthentication) -> &'static str {
    match authentication {
        ClientAuthentication::None => "public client",
        ClientAuthentication::SecretBasic => "client proved its secret in the header",
        ClientAuthentication::SecretPost => "client proved its secret in the body",
    }
}

fn read(head: &Head, parameters: &Parameters) -> Result<Presented, Denial> {
    let invalid = || Denial::Oauth(OauthError::InvalidRequest);
    let in_body = parameters.get("client_secret");
    let named = parameters.get("client_id");
    if !head.headers.contains_key(AUTHORIZATION) {
        let way = match in_body {
            Some(_) => ClientAuthentication::SecretPost,
            None => ClientAuthentication::None,
        };
        let secret = in_body.unwrap_or_default();
        if secret.len() > SECRET_BYTES_MAX {
            return Err(Denial::Oauth(OauthError::InvalidClient));
        }
        return Ok(Presented {
            id: named.ok_or_else(invalid)?.to_owned(),
            way,
            secret: Zeroizing::new(secret.to_owned()),
        });
    }
    let (id, secret) = single(head, "authorization")
        .and_then(basic)
        .ok_or(Denial::Oauth(OauthError::InvalidClient))?;
    if in_body.is_some() || named.is_some_and(|named| named != id) {
        return Err(invalid());
    }
    Ok(Presented {
        id,
        way: ClientAuthentication::SecretBasic,
        secret,
    })
}

/// Id and secret of `Basic`: each encoded as in a form before both are encoded together (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4 * SECRET_BYTES_MAX {
        return None;
    }
    let both = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (id, secret) = std::str::from_utf8(&both).ok()?.split_once(':')?;
    let decoded = |text: &str| {
        let query = Query::parse(&format!("x={text}")).ok()?;
        match query.pairs() {
            [(_, value)] => Some(value.clone()),
            _ => None,
        }
    };
    let secret = Zeroizing::new(decoded(secret)?);
    (secret.len() <= SECRET_BYTES_MAX).then_some((decoded(id)?, secret))
}

#[cfg(test)]
mod tests;
