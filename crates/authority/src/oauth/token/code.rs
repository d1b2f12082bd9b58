//! `grant_type=authorization_code` (RFC 6749 §4.1.3) with its verifier (RFC 7636 §4.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use vauban_audit::{Kind, control};
use vauban_policy::{Client, Denial, OauthError};
use vauban_secret::Secret;

use super::{answer, refreshes};
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::token_hash;
use crate::line::Authority;
use crate::oauth::parameters::Parameters;
use crate::oauth::refuse;
use crate::store::{CodeRefusal, Redeem, Redeemed};

impl Authority {
    pub(super) async fn redeem(
        &self,
        call: &mut Call,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Reply, Denial> {
        call.event.kind = Kind::Login;
        let code = Secret::from(parameters.need("code")?);
        let verifier = parameters.need("code_verifier")?;
        if !is_verifier(verifier) {
            let fact = "the verifier is none of RFC 7636";
            let error = OauthError::InvalidRequest;
            return Err(refuse(call, control::AUTHORITY_GRANT, error, fact));
        }
        let challenge = challenge_of(verifier);
        let redirect_uri = parameters.get("redirect_uri");
        let refresh = refreshes(client)
            .then(Secret::random)
            .transpose()
            .map_err(|error| Denial::from(Unable::because(&error)))?;
        let now = self.now();
        let attempt = Redeem {
            code: token_hash(code.expose()),
            refresh: refresh.as_ref().map(|token| token_hash(token.expose())),
            judge: &|stored| {
                if stored.used {
                    Err(CodeRefusal::Reused)
                } else if stored.client_id != client.id {
                    Err(CodeRefusal::Client)
                } else if now >= stored.expires_at {
                    Err(CodeRefusal::Expired)
                } else if stored.session_ended {
                    Err(CodeRefusal::Ended)
                } else if redirect_uri.is_some_and(|uri| uri != stored.redirect_uri) {
                    Err(CodeRefusal::RedirectUri)
                } else if !bool::from(stored.challenge.as_bytes().ct_eq(challenge.as_bytes())) {
                    Err(CodeRefusal::Verifier)
                } else {
                    Ok(())
                }
            },
            decision: &call.decision,
            now,
        };
        let redeemed = self
            .store
            .redeem(&attempt, &|facts| self.mint_access(facts, now))
            .await?;
        match redeemed {
            Redeemed::Done(facts, access) => {
                call.passed(control::AUTHORITY_GRANT, "first use of this code");
                call.about(facts);
                let content = Content::Json(answer(&access, refresh.as_ref(), now));
                Ok(Reply::of(content, Memory::Durable))
            }
            Redeemed::Refused(refusal, facts) => {
                if let Some(facts) = facts {
                    call.about(facts);
                }
                if refusal == CodeRefusal::Reused {
                    self.feed.settle().await?;
                }
                let (error, fact) = (OauthError::InvalidGrant, refusal.to_string());
                Err(refuse(call, control::AUTHORITY_GRANT, error, &fact))
            }
        }
    }
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// RFC 7636 §4.2, method S256.
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::{challenge_of, is_verifier};

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(is_verifier(verifier));
        assert_eq!(
            challenge_of(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        assert!(!is_verifier(&"a".repeat(42)) && is_verifier(&"a".repeat(43)));
        assert!(is_verifier(&"~".repeat(128)) && !is_verifier(&"~".repeat(129)));
        assert!(!is_verifier(&"+".repeat(43)));
    }
}
