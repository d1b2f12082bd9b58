//! The authority's public keys for internal tokens, fetched over mutual TLS, refreshed, and kept a while when it is away.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use tokio::sync::Mutex;
use vauban_net::{Clock, Upstream};

use super::{KeySource, is_name};
use crate::parts::{Answering, KeyError, PublicKey};
use crate::strict::{self, Json};

/// A set older than this is fetched anew.
const REFRESH_MS: u64 = 60_000;
/// A set older than this is not used, however long the authority is away.
const STALE_MS: u64 = 300_000;
/// Between two attempts: an unknown `kid` must not become a storm.
const RETRY_MS: u64 = 1_000;
/// Keys in a set at most.
const KEYS_MAX: usize = 8;

/// The shipped [`KeySource`].
#[derive(Debug)]
pub struct RemoteKeys {
    authority: Upstream,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Known>>,
    /// When it was last tried; holding it is the right to fetch.
    tried_at_ms: Mutex<Option<u64>>,
}

#[derive(Debug, Clone)]
struct Known {
    keys: Arc<Vec<PublicKey>>,
    fetched_at_ms: u64,
}

impl RemoteKeys {
    /// Keys of the authority behind `authority`.
    pub fn new(authority: Upstream, clock: Arc<dyn Clock>) -> Self {
        Self {
            authority,
            clock,
            known: RwLock::new(None),
            tried_at_ms: Mutex::new(None),
        }
    }

    fn known(&self, age_ms_max: u64) -> Option<Known> {
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        (self
            .clock
            .monotonic_ms()
            .saturating_sub(known.fetched_at_ms)
            <= age_ms_max)
            .then_some(known)
    }

    async fn look_up(&self, kid: &str) -> Result<Option<PublicKey>, KeyError> {
        if let Some(key) = self.known(REFRESH_MS).and_then(|known| find(&known, kid)) {
            return Ok(Some(key));
        }
        let failure = self.refresh(kid).await.err();
        match (self.known(STALE_MS), failure) {
            (Some(known), _) => Ok(find(&known, kid)),
            (None, Some(error)) => Err(error),
            (None, None) => Err(KeyError("none were fetched".to_owned())),
        }
    }

    /// Fetches once for all who wait.
    async fn refresh(&self, kid: &str) -> Result<(), KeyError> {
        let mut tried_at_ms = self.tried_at_ms.lock().await;
        // Whoever held the right before us may have brought what we need.
        if self
            .known(REFRESH_MS)
            .is_some_and(|known| find(&known, kid).is_some())
        {
            return Ok(());
        }
        let now = self.clock.monotonic_ms();
        if tried_at_ms.is_some_and(|tried| now.saturating_sub(tried) < RETRY_MS) {
            return Err(KeyError("asked a moment ago".to_owned()));
        }
        *tried_at_ms = Some(now);
        let keys = self.fetch().await?;
        let known = Known {
            keys: Arc::new(keys),
            fetched_at_ms: now,
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(())
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, KeyError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = Uri::from_static("/internal/keys");
        let response = self
            .authority
            .send(request)
            .await
            .map_err(|error| KeyError(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(KeyError(format!("status {}", response.status().as_u16())));
        }
        parse(response.body()).ok_or_else(|| KeyError("its answer is no key set".to_owned()))
    }
}

impl KeySource for RemoteKeys {
    fn find<'a>(&'a self, kid: &'a str) -> Answering<'a, Result<Option<PublicKey>, KeyError>> {
        Box::pin(self.look_up(kid))
    }
}

fn find(known: &Known, kid: &str) -> Option<PublicKey> {
    known.keys.iter().find(|key| key.kid == kid).cloned()
}

/// `{"keys":[{"kid":…,"x":…}]}`; a set with a doubtful key is no set.
pub(super) fn parse(body: &[u8]) -> Option<Vec<PublicKey>> {
    let set = strict::read(body).ok()?;
    let Json::List(listed) = set.member("keys")? else {
        return None;
    };
    if listed.is_empty() || listed.len() > KEYS_MAX {
        return None;
    }
    let mut keys: Vec<PublicKey> = Vec::with_capacity(listed.len());
    for entry in listed {
        let key = key(entry)?;
        if keys.iter().any(|known| known.kid == key.kid) {
            return None;
        }
        keys.push(key);
    }
    Some(keys)
}

/// An entry may say that it is an Ed25519 key for signatures; one that says anything else, or more, is another kind of key.
fn key(entry: &Json) -> Option<PublicKey> {
    let Json::Object(members) = entry else {
        return None;
    };
    let fits = |(name, value): (&String, &Json)| match name.as_str() {
        "kid" => value.text().is_some_and(is_name),
        "x" => true,
        "kty" => value.text() == Some("OKP"),
        "crv" => value.text() == Some("Ed25519"),
        "alg" => value.text() == Some("EdDSA"),
        "use" => value.text() == Some("sig"),
        _ => false,
    };
    if !members.iter().all(fits) {
        return None;
    }
    let x = URL_SAFE_NO_PAD.decode(members.get("x")?.text()?).ok()?;
    Some(PublicKey {
        kid: members.get("kid")?.text()?.to_owned(),
        bytes: x.try_into().ok()?,
    })
}
