//! The issuer's public keys, fetched from the authority and kept when it is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Request, header::HOST};
use tokio::sync::Mutex;
use vauban_net::{Clock, Stop, Upstream, UpstreamLimits};
use vauban_policy::Plan;
use vauban_token::{JsonWebToken, SignatureLibrary};

use crate::parts::{KeepKeys, Pending};
use crate::setting::Setting;

/// Between two regular fetches.
const REFRESH_TIME: Duration = Duration::from_mins(1);
/// Until the next attempt when no key was ever fetched.
const FIRST_TIME: Duration = Duration::from_millis(500);
/// Between two fetches that unknown keys ask for, milliseconds: a stranger's token costs the authority no more than this.
const UNKNOWN_INTERVAL_MS: u64 = 5000;

/// The authority's key set.
#[derive(Debug)]
pub struct AuthorityKeys {
    upstream: Upstream,
    clock: Arc<dyn Clock>,
    current: ArcSwap<JsonWebToken>,
    ready: AtomicBool,
    /// When an unknown key last asked for a fetch; locked while one is under way.
    asked_at_ms: Mutex<Option<u64>>,
}

impl AuthorityKeys {
    /// No keys yet.
    pub fn new(plan: &Plan, setting: &Setting) -> Self {
        Self {
            upstream: authority(plan, setting),
            clock: Arc::clone(&setting.clock),
            current: ArcSwap::default(),
            ready: AtomicBool::new(false),
            asked_at_ms: Mutex::new(None),
        }
    }

    /// Fetches the set; whatever goes wrong, the old one stays.
    async fn fetch(&self) -> bool {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = http::Uri::from_static("/.well-known/jwks.json");
        request
            .headers_mut()
            .insert(HOST, HeaderValue::from_static("authority"));
        let answer = match self.upstream.send(request).await {
            Ok(answer) if answer.status() == http::StatusCode::OK => answer,
            Ok(answer) => {
                tracing::warn!(
                    status = answer.status().as_u16(),
                    "authority does not give its key set"
                );
                return false;
            }
            Err(error) => {
                tracing::warn!(error = %error, "key set cannot be fetched");
                return false;
            }
        };
        let text = std::str::from_utf8(answer.body()).unwrap_or_default();
        match JsonWebToken::from_jwk_set(text) {
            Ok(set) => {
                self.current.store(Arc::new(set));
                self.ready.store(true, Ordering::Release);
                true
            }
            Err(error) => {
                tracing::warn!(error = %error, "key set is refused");
                false
            }
        }
    }
}

/// The authority as an upstream of the edge's own questions.
pub(crate) fn authority(plan: &Plan, setting: &Setting) -> Upstream {
    let limits = UpstreamLimits {
        answer_time: Duration::from_secs(plan.limits.upstream_seconds.into()),
        answer_bytes_max: 64 * 1024,
        idle_max: 64,
    };
    Upstream::mutual(
        setting.authority,
        plan.spiffe_authority(),
        setting.workload.clone(),
        limits,
    )
}

impl SignatureLibrary for AuthorityKeys {
    fn verify(&self, signing_input: &str, signature: &str, kid: &str) -> bool {
        self.current.load().verify(signing_input, signature, kid)
    }

    fn knows(&self, kid: &str) -> bool {
        self.current.load().knows(kid)
    }
}

impl KeepKeys for AuthorityKeys {
    fn ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn refresh_for_unknown(&self) -> Pending<'_, ()> {
        Box::pin(async {
            let mut asked_at_ms = self.asked_at_ms.lock().await;
            let now_ms = self.clock.monotonic_ms();
            if asked_at_ms.is_some_and(|last| now_ms < last.saturating_add(UNKNOWN_INTERVAL_MS)) {
                return;
            }
            *asked_at_ms = Some(now_ms);
            self.fetch().await;
        })
    }

    fn keep(&self, stop: Stop) -> Pending<'_, ()> {
        Box::pin(async move {
            while !stop.is_stopped() {
                let fetched = self.fetch().await;
                let pause = if fetched || self.ready() {
                    REFRESH_TIME
                } else {
                    FIRST_TIME
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.stopped() => {}
                }
            }
        })
    }
}
