//! Who asks: exactly one way of authentication per request, and the one that the plan names (OAuth 2.1 §2.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts as Head;
use vauban_audit::control;
use vauban_http::Query;
use vauban_policy::{Client, ClientAuthentication, Denial, OauthError};
use vauban_token::Assertion;
use zeroize::Zeroizing;

use super::assertion::JWT_BEARER;
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
    /// A secret or an assertion; empty where there is neither.
    proof: Zeroizing<String>,
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
        let fact = match self.proven(client, &presented).await? {
            Ok(client) => {
                call.event.client_id = Some(client.id.clone());
                call.passed(control::AUTHORITY_CLIENT, way_of(client.authentication));
                if client.authentication == ClientAuthentication::None {
                    self.spend_source(call, head, operation)?;
                }
                return Ok(client);
            }
            Err(fact) => fact,
        };
        self.spend_source(call, head, operation)?;
        Err(refuse(
            call,
            control::AUTHORITY_CLIENT,
            OauthError::InvalidClient,
            &fact,
        ))
    }

    /// The client, if what is presented proves it; otherwise what is wrong, for the record.
    async fn proven<'p>(
        &self,
        client: Option<&'p Client>,
        presented: &Presented,
    ) -> Result<Result<&'p Client, String>, Denial> {
        let by_assertion = presented.way == ClientAuthentication::PrivateKeyJwt;
        let secret_is_right = !by_assertion && {
            let hash = token_hash(presented.proof.as_bytes());
            let found = self
                .store
                .client_secret_is(&presented.id, &hash, self.now());
            found.await.map_err(Unable::from)?
        };
        let client = match client {
            Some(client) if client.authentication == presented.way => client,
            other => {
                if by_assertion {
                    self.pretend_to_judge(&presented.proof);
                }
                let fact = match other {
                    None => "client is unknown",
                    Some(_) => "client does not authenticate in its registered way",
                };
                return Ok(Err(fact.to_owned()));
            }
        };
        let proven = match presented.way {
            ClientAuthentication::None => Ok(()),
            ClientAuthentication::SecretBasic | ClientAuthentication::SecretPost => {
                if secret_is_right {
                    Ok(())
                } else {
                    Err("client's secret is wrong".to_owned())
                }
            }
            ClientAuthentication::PrivateKeyJwt => {
                self.is_proven_by(client, &presented.proof).await?
            }
        };
        Ok(proven.map(|()| client))
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
        ClientAuthentication::PrivateKeyJwt => "client signed with its registered key",
    }
}

fn read(head: &Head, parameters: &Parameters) -> Result<Presented, Denial> {
    let invalid = || Denial::Oauth(OauthError::InvalidRequest);
    let in_header = head.headers.contains_key(AUTHORIZATION);
    let in_body = parameters.get("client_secret");
    let named = parameters.get("client_id");
    if let Some(assertion) = parameters.get("client_assertion") {
        if in_header || in_body.is_some() {
            return Err(invalid());
        }
        return asserted(parameters, assertion, named);
    }
    if parameters.get("client_assertion_type").is_some() {
        return Err(invalid());
    }
    if !in_header {
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
            proof: Zeroizing::new(secret.to_owned()),
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
        proof: secret,
    })
}

/// An assertion says itself of whom it speaks (RFC 7523 §3); a `client_id` beside it must be the same.
fn asserted(
    parameters: &Parameters,
    assertion: &str,
    named: Option<&str>,
) -> Result<Presented, Denial> {
    let refused = || Denial::Oauth(OauthError::InvalidClient);
    if parameters.get("client_assertion_type") != Some(JWT_BEARER) {
        return Err(refused());
    }
    let read = Assertion::read(assertion).map_err(|_refusal| refused())?;
    if named.is_some_and(|named| named != read.client()) {
        return Err(refused());
    }
    Ok(Presented {
        id: read.client().to_owned(),
        way: ClientAuthentication::PrivateKeyJwt,
        proof: Zeroizing::new(assertion.to_owned()),
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
