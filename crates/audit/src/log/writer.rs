//! The queue and the thread behind a log.

use super::RecordError;
use crate::chain::Chain;
use crate::medium::Limits;
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Hears how the writing of an event went.
pub(super) type Done = oneshot::Sender<Result<(), RecordError>>;

/// Events on their way to the disk, one text behind the other. Emptied and filled again, so that a busy log allocates
/// nothing per event.
#[derive(Debug, Default)]
struct Group {
    texts: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
    waiting: Vec<Done>,
}

impl Group {
    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins
            .zip(&self.ends)
            .filter_map(|(begin, end)| self.texts.get(begin..*end))
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.ends.clear();
        self.waiting.clear();
    }
}

/// What the users of a log and its thread share.
#[derive(Debug)]
pub(super) struct Shared {
    line: String,
    limits: Limits,
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Debug)]
struct Queue {
    group: Group,
    /// Somebody waits, or so much does that it should go now.
    urgent: bool,
    state: State,
    closers: Vec<Done>,
}

#[derive(Clone, Debug)]
enum State {
    Open,
    Closing,
    Closed,
    Failed(String),
}

impl Shared {
    pub(super) fn new(line: &str, limits: Limits) -> Self {
        let queue = Queue {
            group: Group::default(),
            urgent: false,
            state: State::Open,
            closers: Vec::new(),
        };
        Self {
            line: line.to_owned(),
            limits,
            queue: Mutex::new(queue),
            wake: Condvar::new(),
        }
    }

    pub(super) fn line(&self) -> &str {
        &self.line
    }

    pub(super) fn failed(&self, reason: &str) -> RecordError {
        RecordError::Failed {
            line: self.line.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Queues one event's text; `done` hears when it is durable.
    pub(super) fn push(&self, text: &[u8], done: Option<Done>) -> Result<(), RecordError> {
        let mut queue = self.locked();
        match &queue.state {
            State::Open => {}
            State::Closing | State::Closed => {
                return Err(RecordError::Closed {
                    line: self.line.clone(),
                });
            }
            State::Failed(reason) => return Err(self.failed(reason)),
        }
        let (events, bytes) = (queue.group.ends.len(), queue.group.texts.len() + text.len());
        if events >= self.limits.queue_events_max || bytes > self.limits.queue_bytes_max {
            return Err(RecordError::Full {
                line: self.line.clone(),
            });
        }
        let many =
            events >= self.limits.queue_events_max / 4 || bytes >= self.limits.queue_bytes_max / 4;
        let is_newly_urgent = !queue.urgent && (done.is_some() || many);
        queue.urgent |= is_newly_urgent;
        queue.group.texts.extend_from_slice(text);
        queue.group.ends.push(bytes);
        queue.group.waiting.extend(done);
        drop(queue);
        if events == 0 || is_newly_urgent {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Takes nothing more; `done` hears how the rest went.
    pub(super) fn close(&self, done: Option<Done>) {
        let mut queue = self.locked();
        match (&queue.state, done) {
            (State::Open | State::Closing, done) => {
                queue.state = State::Closing;
                queue.closers.extend(done);
            }
            (State::Closed, Some(done)) => tell(done, Ok(())),
            (State::Failed(reason), Some(done)) => tell(done, Err(self.failed(reason))),
            (State::Closed | State::Failed(_), None) => {}
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// The next group: after the `rest` if somebody waits for it, otherwise as soon as the oldest note has waited long
    /// enough. Swaps it with `group`, whose content is done with.
    fn next_group(&self, group: &mut Group, rest: Rest) -> bool {
        let idle =
            |queue: &mut Queue| queue.group.ends.is_empty() && matches!(queue.state, State::Open);
        let gathering = |queue: &mut Queue| !queue.urgent && matches!(queue.state, State::Open);
        let queue = self
            .wake
            .wait_while(self.locked(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        let (queue, _) = self
            .wake
            .wait_timeout_while(queue, self.limits.note_delay, gathering)
            .unwrap_or_else(PoisonError::into_inner);
        let is_open = |queue: &mut Queue| matches!(queue.state, State::Open);
        let (mut queue, _) = self
            .wake
            .wait_timeout_while(queue, rest.left(now()), is_open)
            .unwrap_or_else(PoisonError::into_inner);
        queue.urgent = false;
        group.clear();
        mem::swap(&mut queue.group, group);
        !group.ends.is_empty()
    }

    /// Ends the log, for good: the first end counts, and everybody who still waits hears of it.
    fn end(&self, result: &Result<(), String>) {
        let mut queue = self.locked();
        queue.state = match (&queue.state, result) {
            (State::Failed(reason), _) | (_, Err(reason)) => State::Failed(reason.clone()),
            (State::Open | State::Closing | State::Closed, Ok(())) => State::Closed,
        };
        let answer = match &queue.state {
            State::Failed(reason) => Err(self.failed(reason)),
            State::Open | State::Closing | State::Closed => Ok(()),
        };
        let waiting = mem::take(&mut queue.group).waiting;
        let closers = mem::take(&mut queue.closers);
        drop(queue);
        for done in waiting.into_iter().chain(closers) {
            tell(done, answer.clone());
        }
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread that owns the chain.
pub(super) fn start(
    shared: Arc<Shared>,
    chain: Chain,
) -> io::Result<JoinHandle<Result<(), RecordError>>> {
    Builder::new()
        .name(format!("audit-{}", shared.line))
        .spawn(move || {
            let ending = Ending { shared: &shared };
            let result = run(&shared, chain).map_err(|error| error.to_string());
            shared.end(&result);
            drop(ending);
            result.map_err(|reason| shared.failed(&reason))
        })
}

fn run(shared: &Shared, mut chain: Chain) -> io::Result<()> {
    let mut group = Group::default();
    let mut rest = Rest::default();
    while shared.next_group(&mut group, rest) {
        rest = rest.after(group.waiting.len(), now(), shared.limits.flush_apart_max);
        let written = chain.commit(group.texts());
        let answer = match &written {
            Ok(()) => Ok(()),
            Err(error) => {
                // Before anybody hears of it: nothing may be taken after a failure.
                shared.end(&Err(error.to_string()));
                Err(shared.failed(&error.to_string()))
            }
        };
        for done in group.waiting.drain(..) {
            tell(done, answer.clone());
        }
        written?;
        chain.maintain()?;
    }
    chain.close()
}

/// The pace of flushes is no fact about a request: nothing that is recorded or decided follows from this clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread that waits for its own disk reads the clock it waits by"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// How long the next flush waits for company. A flush costs processor and disk whether one event goes with it or fifty;
/// so where events come thick and fast, each flush waits until about a dozen are there. The more come, the shorter that
/// takes. Who comes alone never waits, and neither does the single client that sends its next request when it has the
/// answer to the last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    flushed: Option<Instant>,
    apart: Duration,
}

/// A rest for fewer than these is not worth it.
const COMPANY_MIN: u32 = 4;
/// More than these need not be waited for.
const COMPANY: u32 = 12;

impl Rest {
    /// The rest after a flush that begins `now` for so many who wait.
    pub(super) fn after(self, waiting: usize, now: Instant, apart_max: Duration) -> Self {
        let since = self.flushed.map(|before| now.duration_since(before));
        let each = match (since, u32::try_from(waiting)) {
            (Some(since), Ok(waiting @ 2..)) => since / waiting,
            (Some(_) | None, Ok(_) | Err(_)) => apart_max,
        };
        let is_worth = each.saturating_mul(COMPANY_MIN) <= apart_max;
        Self {
            flushed: Some(now),
            apart: if is_worth {
                each.saturating_mul(COMPANY).min(apart_max)
            } else {
                Duration::ZERO
            },
        }
    }

    /// What is left of it.
    pub(super) fn left(self, now: Instant) -> Duration {
        let due = self.flushed.map(|flushed| flushed + self.apart);
        due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }
}

/// Whoever stopped waiting does not mind.
fn tell(done: Done, answer: Result<(), RecordError>) {
    drop(done.send(answer));
}

/// Lets nobody wait for a thread that ended in a panic.
struct Ending<'a> {
    shared: &'a Shared,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.end(&Err("the writer is gone".to_owned()));
        }
    }
}
