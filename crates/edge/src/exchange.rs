//! Internal tokens from the authority, remembered as long as nobody can have revoked them unseen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use vauban_net::{Clock, Stop, Upstream};
use vauban_policy::Plan;

use crate::answer::DECISION;
use crate::keys;
use crate::parts::{Exchange, ExchangeFault, InternalToken, Pending, Presented};
use crate::setting::Setting;

mod cache;
mod revocations;

use cache::{Cache, Key};

#[cfg(test)]
mod tests;

/// Asks the authority, and remembers its answers for at most ten seconds.
///
/// An answer is remembered only while the authority's stream of revocations is being followed, and only if none came while it
/// was under way; a revocation drops what is remembered of its session at once. Callers of one token and service who come
/// together ask once.
#[derive(Debug)]
pub struct CachedExchange {
    upstream: Upstream,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cache: Cache,
    flights: HashMap<(Key, u64), Arc<Flight>>,
}

/// One question under way and its answer, with the callers who wait for it.
type Flight = OnceCell<Result<Fetched, ExchangeFault>>;

/// What the authority gave.
#[derive(Clone)]
struct Fetched {
    value: HeaderValue,
    session: String,
    expires_in: u64,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Fetched")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Question<'a> {
    subject_token: &'a str,
    audience: &'a str,
    subject: &'a str,
    client_id: &'a str,
    tenant: &'a str,
    sid: &'a str,
}

#[derive(Deserialize)]
struct Granted {
    internal_token: String,
    expires_in: u64,
    session: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl CachedExchange {
    /// Nothing remembered yet, and no stream followed yet.
    pub fn new(plan: &Plan, setting: &Setting) -> Self {
        Self {
            upstream: keys::authority(plan, setting),
            clock: Arc::clone(&setting.clock),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, ask: Presented<'_>) -> Result<InternalToken, ExchangeFault> {
        let key = key_of(ask.token, ask.audience);
        let now_ms = self.clock.monotonic_ms();
        let fetched = match self.turn(key, now_ms) {
            Turn::Remembered(value) => {
                return Ok(InternalToken {
                    value,
                    cached: true,
                });
            }
            Turn::Alone => self.ask(ask).await?,
            Turn::Together(seat) => {
                let fetched = seat.flight.get_or_init(|| self.ask(ask)).await.clone()?;
                let life_s = fetched.expires_in.min(self.left(ask.claims.expires_at));
                let times = (now_ms, life_s.saturating_mul(1000));
                self.state()
                    .cache
                    .insert(seat.at, &fetched.session, &fetched.value, times);
                fetched
            }
        };
        Ok(InternalToken {
            value: fetched.value,
            cached: false,
        })
    }

    /// How this caller gets an answer.
    fn turn(&self, key: Key, now_ms: u64) -> Turn<'_> {
        let mut state = self.state();
        if let Some(value) = state.cache.find(&key, now_ms) {
            return Turn::Remembered(value);
        }
        let Some(generation) = state.cache.generation() else {
            return Turn::Alone;
        };
        let at = (key, generation);
        let flight = Arc::clone(state.flights.entry(at).or_default());
        Turn::Together(Seat {
            exchange: self,
            at,
            flight,
        })
    }

    /// Seconds that the presented token still lives.
    fn left(&self, expires_at: u64) -> u64 {
        expires_at.saturating_sub(self.clock.unix_ms() / 1000)
    }

    /// One question to the authority.
    async fn ask(&self, ask: Presented<'_>) -> Result<Fetched, ExchangeFault> {
        let unavailable = ExchangeFault::Unavailable;
        let question = Question {
            subject_token: ask.token,
            audience: ask.audience,
            subject: &ask.claims.subject,
            client_id: &ask.claims.client_id,
            tenant: &ask.claims.tenant,
            sid: &ask.claims.session,
        };
        let body = serde_json::to_vec(&question).map_err(|_error| unavailable)?;
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/internal/exchange");
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("authority"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            DECISION,
            HeaderValue::from_str(ask.decision).map_err(|_error| unavailable)?,
        );
        let answer = self.upstream.send(request).await.map_err(|error| {
            tracing::warn!(decision = ask.decision, error = %error, "exchange is not answered");
            unavailable
        })?;
        if answer.status() != StatusCode::OK {
            return Err(fault_of(&answer));
        }
        let granted: Granted =
            serde_json::from_slice(answer.body()).map_err(|_error| unavailable)?;
        let mut value =
            HeaderValue::try_from(granted.internal_token).map_err(|_error| unavailable)?;
        value.set_sensitive(true);
        Ok(Fetched {
            value,
            session: granted.session,
            expires_in: granted.expires_in,
        })
    }
}

impl Exchange for CachedExchange {
    fn exchange<'a>(
        &'a self,
        ask: Presented<'a>,
    ) -> Pending<'a, Result<InternalToken, ExchangeFault>> {
        Box::pin(self.get(ask))
    }

    fn follow(&self, stop: Stop) -> Pending<'_, ()> {
        Box::pin(revocations::follow(self, stop))
    }
}

/// How a caller gets an answer.
enum Turn<'a> {
    /// There is one.
    Remembered(HeaderValue),
    /// Nobody tells us of revocations: each request asks for itself.
    Alone,
    /// With whoever asks the same.
    Together(Seat<'a>),
}

/// A caller's place in a flight. The last one to leave takes the flight off the board, even if it was cancelled.
struct Seat<'a> {
    exchange: &'a CachedExchange,
    at: (Key, u64),
    flight: Arc<Flight>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut state = self.exchange.state();
        // The board and this seat: nobody else waits.
        let last = Arc::strong_count(&self.flight) <= 2 || self.flight.initialized();
        let listed = state
            .flights
            .get(&self.at)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if last && listed {
            state.flights.remove(&self.at);
        }
    }
}

/// The token itself is not kept, and an answer for one service never serves another.
fn key_of(token: &str, audience: &str) -> Key {
    Sha256::new()
        .chain_update(token)
        .chain_update([0])
        .chain_update(audience)
        .finalize()
        .into()
}

fn fault_of(answer: &http::Response<Bytes>) -> ExchangeFault {
    match serde_json::from_slice::<Problem>(answer.body()) {
        Ok(problem)
            if answer.status() == StatusCode::FORBIDDEN && problem.code == "exchange.refused" =>
        {
            ExchangeFault::Refused
        }
        Ok(problem)
            if answer.status() == StatusCode::UNAUTHORIZED
                && problem.code == "exchange.refused" =>
        {
            ExchangeFault::Refused
        }
        Ok(_) | Err(_) => ExchangeFault::Unavailable,
    }
}
