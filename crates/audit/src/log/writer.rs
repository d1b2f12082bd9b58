//! The queue and the thread behind a log.

use super::RecordError;
use crate::chain::Chain;
use crate::medium::Limits;
use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;

type Done = oneshot::Sender<Result<(), RecordError>>;

/// One event on its way to the disk.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) json: String,
    pub(super) done: Option<Done>,
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
    items: Vec<Item>,
    bytes: usize,
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
            items: Vec::new(),
            bytes: 0,
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

    pub(super) fn push(&self, item: Item) -> Result<(), RecordError> {
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
        let bytes = queue.bytes + item.json.len();
        if queue.items.len() >= self.limits.queue_events_max || bytes > self.limits.queue_bytes_max
        {
            return Err(RecordError::Full {
                line: self.line.clone(),
            });
        }
        let is_first = queue.items.is_empty();
        let many = queue.items.len() >= self.limits.queue_events_max / 4
            || bytes >= self.limits.queue_bytes_max / 4;
        let is_newly_urgent = !queue.urgent && (item.done.is_some() || many);
        queue.urgent |= is_newly_urgent;
        queue.bytes = bytes;
        queue.items.push(item);
        drop(queue);
        if is_first || is_newly_urgent {
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

    /// The next group: at once if somebody waits for it, otherwise as soon as the oldest note has waited long enough.
    fn next_group(&self) -> Option<Vec<Item>> {
        let idle = |queue: &mut Queue| queue.items.is_empty() && matches!(queue.state, State::Open);
        let gathering = |queue: &mut Queue| !queue.urgent && matches!(queue.state, State::Open);
        let queue = self
            .wake
            .wait_while(self.locked(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut queue, _) = self
            .wake
            .wait_timeout_while(queue, self.limits.note_delay, gathering)
            .unwrap_or_else(PoisonError::into_inner);
        queue.urgent = false;
        queue.bytes = 0;
        let group = mem::take(&mut queue.items);
        (!group.is_empty()).then_some(group)
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
        queue.bytes = 0;
        let waiting = mem::take(&mut queue.items)
            .into_iter()
            .filter_map(|item| item.done);
        let waiting: Vec<Done> = waiting.chain(mem::take(&mut queue.closers)).collect();
        drop(queue);
        for done in waiting {
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
    while let Some(group) = shared.next_group() {
        let written = chain.commit(group.iter().map(|item| item.json.as_str()));
        let answer = match &written {
            Ok(()) => Ok(()),
            Err(error) => {
                // Before anybody hears of it: nothing may be taken after a failure.
                shared.end(&Err(error.to_string()));
                Err(shared.failed(&error.to_string()))
            }
        };
        for done in group.into_iter().filter_map(|item| item.done) {
            tell(done, answer.clone());
        }
        written?;
        chain.maintain()?;
    }
    chain.close()
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
