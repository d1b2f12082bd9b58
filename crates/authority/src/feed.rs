//! Telling everybody that a session has ended: the edge over its stream, and the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, Semaphore, broadcast, mpsc};
use tokio::time::{MissedTickBehavior, interval};
use vauban_audit::{Control, Event, Kind, Log, Outcome, Verdict, control};
use vauban_net::{Clock, Stop, task};
use vauban_policy::Denial;

use crate::LINE;
use crate::admin::unix_s;
use crate::call::Unable;
use crate::store::{Revoked, Store};

/// Revocations that a subscriber may be behind before it is disconnected; without its stream it caches nothing.
const BEHIND_MAX: usize = 1_024;
/// Lines on their way to one subscriber.
const LINES_MAX: usize = 64;
/// Subscribers at once; edges are few.
const SUBSCRIBERS_MAX: usize = 32;
/// How often a subscriber hears that all is well.
const PING_TIME: Duration = Duration::from_secs(1);

/// The feed of ended sessions.
#[derive(Debug)]
pub(crate) struct Feed {
    store: Store,
    audit: Log,
    clock: Arc<dyn Clock>,
    sender: broadcast::Sender<Arc<str>>,
    places: Arc<Semaphore>,
    /// One settles at a time, so that the log has them in their order.
    turn: Mutex<()>,
    /// Number of the last revocation that was announced.
    announced: AtomicI64,
}

impl Feed {
    pub(crate) fn new(store: Store, audit: Log, clock: Arc<dyn Clock>) -> Self {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let places = Arc::new(Semaphore::new(SUBSCRIBERS_MAX));
        Self {
            store,
            audit,
            clock,
            sender,
            places,
            turn: Mutex::new(()),
            announced: AtomicI64::new(0),
        }
    }

    /// Announces and records every revocation in the database that was not settled yet, whoever wrote it. When this returns,
    /// subscribers have been told and the records are durable.
    pub(crate) async fn settle(&self) -> Result<(), Denial> {
        let _turn = self.turn.lock().await;
        loop {
            let revoked = self.store.unsettled().await.map_err(Unable::from)?;
            let Some((last, earlier)) = revoked.split_last() else {
                return Ok(());
            };
            // Announced first: the edge must forget at once, even when the log cannot remember.
            for one in &revoked {
                self.announce(one);
            }
            let failed = |error| {
                let _reported = Unable::because(&error);
                Denial::AuditUnavailable
            };
            for one in earlier {
                self.audit.note(&event(one)).map_err(failed)?;
            }
            // The log is one chain: when the last is durable, all are.
            self.audit.record(event(last)).await.map_err(failed)?;
            self.store
                .settle(last.number, unix_s(&*self.clock))
                .await
                .map_err(Unable::from)?;
        }
    }

    /// Subscribes; the lines end when the subscriber falls behind, goes away, or the line stops.
    pub(crate) fn subscribe(&self, stop: Stop) -> Result<mpsc::Receiver<Bytes>, Denial> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| Denial::Overloaded)?;
        let (lines, receiver) = mpsc::channel(LINES_MAX);
        let revoked = self.sender.subscribe();
        drop(task::spawn("revocations", async move {
            forward(revoked, lines, stop).await;
            drop(place);
        }));
        Ok(receiver)
    }

    fn announce(&self, revoked: &Revoked) {
        if self.announced.fetch_max(revoked.number, Ordering::SeqCst) < revoked.number {
            // An error means that nobody listens, and who does not listen caches nothing.
            drop(self.sender.send(Arc::from(revoked.session.as_str())));
        }
    }
}

async fn forward(
    mut revoked: broadcast::Receiver<Arc<str>>,
    lines: mpsc::Sender<Bytes>,
    stop: Stop,
) {
    let mut pings = interval(PING_TIME);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count: u64 = 0;
    loop {
        let line = tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = lines.closed() => return,
            next = revoked.recv() => match next {
                Ok(session) => json!({"session": &*session}),
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            },
            _ = pings.tick() => {
                count += 1;
                json!({"ping": count - 1})
            }
        };
        // No waiting: who does not read loses the stream, and with it the right to cache.
        if lines.try_send(Bytes::from(format!("{line}\n"))).is_err() {
            return;
        }
    }
}

fn event(revoked: &Revoked) -> Event {
    let mut event = Event::new(
        revoked.at.saturating_mul(1000),
        LINE,
        &revoked.decision,
        Kind::Revocation,
    );
    event.outcome = Outcome::Allowed;
    event.subject = Some(revoked.subject.clone());
    event.session = Some(revoked.session.clone());
    event.controls.push(Control::new(
        control::AUTHORITY_REGISTRY,
        Verdict::Passed,
        format!("session ended: {}", revoked.because),
    ));
    event
}

#[cfg(test)]
mod tests;
