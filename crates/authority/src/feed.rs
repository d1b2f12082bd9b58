//! Telling everybody that a session has ended: the edge over its stream, and the audit log.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, Semaphore, broadcast, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use vauban_audit::{Control, Event, Kind, Log, Outcome, Verdict, control};
use vauban_net::{Clock, Stop, task};
use vauban_policy::Denial;

use crate::LINE;
use crate::admin::unix_s;
use crate::call::Unable;
use crate::store::{Ended, Revoked, Store, StoreError};

/// Revocations that a subscriber may be behind before it is disconnected; without its stream it caches nothing.
const BEHIND_MAX: usize = 1_024;
/// Lines on their way to one subscriber.
const LINES_MAX: usize = 64;
/// Subscribers at once; edges are few.
const SUBSCRIBERS_MAX: usize = 32;
/// How often a subscriber hears that all is well.
const PING_TIME: Duration = Duration::from_secs(1);

/// Wait before the database is asked again to tell us what others end.
const LISTEN_AGAIN_TIME: Duration = Duration::from_millis(250);

/// The feed of ended sessions.
#[derive(Debug)]
pub(crate) struct Feed {
    store: Store,
    audit: Log,
    clock: Arc<dyn Clock>,
    sender: broadcast::Sender<Arc<str>>,
    places: Arc<Semaphore>,
    /// One settles at a time, so that the log has them in their order. What was announced and is not settled yet.
    turn: Mutex<BTreeSet<i64>>,
    condition: watch::Sender<Condition>,
}

/// Whether this authority hears of every session that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Condition {
    /// The database answered last time.
    answers: bool,
    /// The database tells us what other authorities end, or there are none.
    listens: bool,
}

impl Condition {
    fn is_good(self) -> bool {
        self.answers && self.listens
    }
}

impl Feed {
    pub(crate) fn new(store: Store, audit: Log, clock: Arc<dyn Clock>) -> Self {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let places = Arc::new(Semaphore::new(SUBSCRIBERS_MAX));
        let (condition, _) = watch::channel(Condition {
            answers: true,
            listens: !store.is_shared(),
        });
        Self {
            store,
            audit,
            clock,
            sender,
            places,
            turn: Mutex::default(),
            condition,
        }
    }

    /// Whether the database can be relied on now: it answers, and it tells us what others end.
    pub(crate) fn is_good(&self) -> bool {
        self.condition.borrow().is_good()
    }

    /// Announces and records every revocation in the database that was not settled yet, whoever wrote it. When this returns,
    /// subscribers have been told and the records are durable.
    pub(crate) async fn settle(&self) -> Result<(), Denial> {
        let mut announced = self.turn.lock().await;
        loop {
            let revoked = self.store.unsettled().await;
            self.change(|condition| condition.answers = revoked.is_ok());
            let revoked = revoked.map_err(Unable::from)?;
            let Some((last, earlier)) = revoked.split_last() else {
                return Ok(());
            };
            // Announced first: the edge must forget at once, even when the log cannot remember.
            for one in &revoked {
                if announced.insert(one.number) {
                    self.announce(&one.session);
                }
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
            let numbers: Vec<i64> = revoked.iter().map(|one| one.number).collect();
            self.store
                .settle(&numbers, unix_s(&*self.clock))
                .await
                .map_err(Unable::from)?;
            announced.retain(|number| !numbers.contains(number));
        }
    }

    /// Hears of what other authorities end, for ever. While it cannot, nobody may subscribe and who had is disconnected.
    pub(crate) async fn listen(&self) {
        while self.store.is_shared() {
            match self.store.listen().await {
                Ok(Some(mut ended)) => {
                    self.change(|condition| condition.listens = true);
                    let lost = self.hear(&mut ended).await;
                    self.change(|condition| condition.listens = false);
                    let _reported = Unable::because(&lost);
                }
                Ok(None) => return,
                Err(error) => {
                    let _reported = Unable::because(&error);
                }
            }
            sleep(LISTEN_AGAIN_TIME).await;
        }
    }

    async fn hear(&self, ended: &mut Ended) -> StoreError {
        loop {
            match ended.next().await {
                Ok(session) => self.announce(&session),
                Err(lost) => return lost,
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Condition)) {
        self.condition.send_if_modified(|condition| {
            let before = *condition;
            change(condition);
            before != *condition
        });
    }

    /// Subscribes; the lines end when the subscriber falls behind or goes away, when the line stops, and
    /// when the database is lost.
    pub(crate) fn subscribe(&self, stop: Stop) -> Result<mpsc::Receiver<Bytes>, Denial> {
        let condition = self.condition.subscribe();
        if !condition.borrow().is_good() {
            return Err(Denial::AuthorityUnavailable);
        }
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| Denial::Overloaded)?;
        let (lines, receiver) = mpsc::channel(LINES_MAX);
        let revoked = self.sender.subscribe();
        drop(task::spawn("revocations", async move {
            forward(revoked, condition, lines, stop).await;
            drop(place);
        }));
        Ok(receiver)
    }

    fn announce(&self, session: &str) {
        // An error means that nobody listens, and who does not listen caches nothing.
        drop(self.sender.send(Arc::from(session)));
    }
}

async fn forward(
    mut revoked: broadcast::Receiver<Arc<str>>,
    mut condition: watch::Receiver<Condition>,
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
            // Something may have been missed: the subscriber has to forget everything.
            _ = condition.wait_for(|condition| !condition.is_good()) => return,
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
