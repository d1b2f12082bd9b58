//! `private_key_jwt` (RFC 7523): clients that sign with a registered key. Requirement 15.

use std::collections::BTreeMap;
use std::slice;

use sha2::{Digest as _, Sha256};
use vauban_policy::{Client, ClientPoint, Denial, Plan};
use vauban_token::{Assertion, AssertionKey, AssertionRefusal, NoKey};

use crate::call::Unable;
use crate::line::Authority;

/// `client_assertion_type` (RFC 7523 §2.2).
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Signature algorithms of assertions, for the metadata.
pub(super) const ALGORITHMS: [&str; 2] = ["ES256", "EdDSA"];

/// Public keys of RFC 7515 A.3 and RFC 8037 A.2. What they verify is refused all the same.
const DECOY_ES256: (&str, &str) = (
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
);
const DECOY_ED25519: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// The registered keys of all clients.
#[derive(Debug)]
pub(crate) struct ClientKeys {
    of_clients: BTreeMap<String, Vec<AssertionKey>>,
    /// One of each algorithm, for assertions of clients that have none.
    decoys: [AssertionKey; 2],
}

/// A key of the plan is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key of the client `{0}` is no point of its curve\n  hint: copy `x` and `y` from its public JWK"
)]
pub struct UnusableKey(String);

impl ClientKeys {
    /// Reads the plan's keys once, so that no request meets one that cannot be used.
    pub(crate) fn of(plan: &Plan) -> Result<Self, UnusableKey> {
        let mut of_clients = BTreeMap::new();
        for client in &plan.clients {
            let keys = client.keys.iter().map(|key| match &key.point {
                ClientPoint::Es256 { x, y } => AssertionKey::es256(key.kid.clone(), x, y),
                ClientPoint::Ed25519 { x } => AssertionKey::ed25519(key.kid.clone(), x),
            });
            let keys: Result<Vec<_>, _> = keys.collect();
            let keys = keys.map_err(|_no_key| UnusableKey(client.id.clone()))?;
            of_clients.insert(client.id.clone(), keys);
        }
        let decoy = |key: Result<AssertionKey, NoKey>| {
            key.map_err(|_no_key| UnusableKey("decoy".to_owned()))
        };
        let (x, y) = DECOY_ES256;
        let decoys = [
            decoy(AssertionKey::es256(None, x, y))?,
            decoy(AssertionKey::ed25519(None, DECOY_ED25519))?,
        ];
        Ok(Self { of_clients, decoys })
    }

    /// Judges an assertion that proves nobody, and throws the outcome away: the time of a refusal must not tell which clients
    /// there are and which of them have keys.
    fn pretend(&self, assertion: &str, issuer: &str, now: u64) {
        let Ok(assertion) = Assertion::read(assertion) else {
            return;
        };
        for decoy in &self.decoys {
            drop(assertion.check(slice::from_ref(decoy), issuer, now));
        }
    }

    fn of_client(&self, id: &str) -> &[AssertionKey] {
        self.of_clients
            .get(id)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

impl Authority {
    /// Takes as long over an assertion as if its client had a key.
    pub(super) fn pretend_to_judge(&self, assertion: &str) {
        self.client_keys
            .pretend(assertion, &self.plan.issuer.issuer, self.now());
    }

    /// Whether the assertion proves the client, for the first time; otherwise what is wrong with it, for the record.
    ///
    /// What is remembered is bounded: only a proven client adds to it, and each row ends with its assertion, within minutes.
    pub(super) async fn is_proven_by(
        &self,
        client: &Client,
        assertion: &str,
    ) -> Result<Result<(), String>, Denial> {
        let now = self.now();
        let keys = self.client_keys.of_client(&client.id);
        let believed = Assertion::read(assertion)
            .and_then(|assertion| assertion.check(keys, &self.plan.issuer.issuer, now));
        let id = match believed {
            Ok(id) => id,
            Err(refusal) => {
                if matches!(
                    refusal,
                    AssertionRefusal::UnknownKey | AssertionRefusal::Algorithm
                ) {
                    self.pretend_to_judge(assertion);
                }
                return Ok(Err(refusal.to_string()));
            }
        };
        let first = self
            .store
            .spend_once(&once_hash(&client.id, &id.jti), id.expires_at)
            .await
            .map_err(Unable::from)?;
        Ok(if first {
            Ok(())
        } else {
            Err("assertion was used before".to_owned())
        })
    }
}

/// What is stored of a used assertion. A client id has no line feed, so two pairs never make one text.
fn once_hash(client_id: &str, jti: &str) -> [u8; 32] {
    Sha256::digest(format!("client assertion\n{client_id}\n{jti}")).into()
}

#[cfg(test)]
mod tests;
