//! The log of one line, as the line sees it: a bounded queue in front of one thread that writes and flushes for all.

#[cfg(test)]
mod tests;
mod writer;

use crate::chain::Chain;
use crate::event::{self, Event};
use crate::medium::{Folder, Limits, Medium};
use crate::scan::Damage;
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;
use writer::{Done, Shared};

/// The log of one line; clones write to the same chain. When the last clone is dropped, what is queued is still written.
#[derive(Clone, Debug)]
pub struct Log {
    user: Arc<User>,
}

/// The thread that writes. Dropping this does not stop it; [`Writer::wait`] tells how it ended.
#[derive(Debug)]
pub struct Writer {
    thread: std::thread::JoinHandle<Result<(), RecordError>>,
    line: String,
    recovered: Option<Recovered>,
}

/// What was cut off at open: an incomplete final record, which nobody was told was durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The segment.
    pub file: String,
    /// Where the incomplete record began.
    pub offset: u64,
    /// How long it was.
    pub bytes: u64,
}

/// Why a log was not opened. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a name of a line.
    #[error("`{0}` cannot name a line: use 1 to 64 of `a`-`z`, `0`-`9` and `-`")]
    Line(String),
    /// Two writers would break the chain.
    #[error("the audit log of `{line}` is in use by another process")]
    Busy {
        /// Which line.
        line: String,
    },
    /// The chain is broken.
    #[error(
        "the audit log is damaged: {damage}\nhint: nothing was changed; move the folder `{line}` aside as evidence, or restore it from a copy",
        line = damage.line
    )]
    Damaged {
        /// Where and how.
        damage: Damage,
    },
    /// The files could not be read or written.
    #[error("cannot open the audit log of `{line}`")]
    Unable {
        /// Which line.
        line: String,
        /// Why.
        source: io::Error,
    },
}

/// Why an event was not recorded. Whoever asked has to refuse what they were about to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The log was closed.
    #[error("the audit log of `{line}` is closed")]
    Closed {
        /// Which line.
        line: String,
    },
    /// Too much waits for the disk.
    #[error("the audit log of `{line}` is full: the disk does not keep up")]
    Full {
        /// Which line.
        line: String,
    },
    /// A write or a flush failed once, and the log takes nothing more until it is opened anew.
    #[error(
        "the audit log of `{line}` failed and takes nothing more until it is opened anew: {reason}"
    )]
    Failed {
        /// Which line.
        line: String,
        /// What the system said.
        reason: String,
    },
}

impl Log {
    /// Opens the chain `dir/line`, where `dir` is the audit folder of all lines, with the usual limits.
    pub fn open(dir: &Path, line: &str) -> Result<(Self, Writer), OpenError> {
        if !is_line(line) {
            return Err(OpenError::Line(line.to_owned()));
        }
        Self::open_on(
            Box::new(Folder::at(dir.join(line))),
            line,
            Limits::default(),
        )
    }

    /// Opens a chain on another medium, or with other limits.
    pub fn open_on(
        medium: Box<dyn Medium>,
        line: &str,
        limits: Limits,
    ) -> Result<(Self, Writer), OpenError> {
        if !is_line(line) {
            return Err(OpenError::Line(line.to_owned()));
        }
        let (chain, recovered) = Chain::open(medium, line, limits)?;
        let shared = Arc::new(Shared::new(line, limits));
        let thread =
            writer::start(Arc::clone(&shared), chain).map_err(|source| OpenError::Unable {
                line: line.to_owned(),
                source,
            })?;
        let log = Self {
            user: Arc::new(User { shared }),
        };
        Ok((
            log,
            Writer {
                thread,
                line: line.to_owned(),
                recovered,
            },
        ))
    }

    /// The name of the line.
    pub fn line(&self) -> &str {
        self.user.shared.line()
    }

    /// Answers once the event is durable. If the future is dropped earlier, the event is written all the same.
    pub async fn record(&self, event: Event) -> Result<(), RecordError> {
        let (done, answer) = oneshot::channel();
        self.push(&event, Some(done))?;
        answer
            .await
            .unwrap_or_else(|_gone| Err(self.user.shared.failed("the writer is gone")))
    }

    /// Queues the event without waiting. It is written with the next group, or after at most 50 ms.
    pub fn note(&self, event: &Event) -> Result<(), RecordError> {
        self.push(event, None)
    }

    /// Writes what is queued and closes the log for all clones. An error means that some notes may be lost.
    pub async fn close(self) -> Result<(), RecordError> {
        let (done, answer) = oneshot::channel();
        self.user.shared.close(Some(done));
        answer
            .await
            .unwrap_or_else(|_gone| Err(self.user.shared.failed("the writer is gone")))
    }

    /// Queues the stored form: bounded, under this log's own line, one JSON text.
    fn push(&self, event: &Event, done: Option<Done>) -> Result<(), RecordError> {
        thread_local! {
            static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        TEXT.with_borrow_mut(|text| {
            text.clear();
            event::write(text, event, self.line())
                .map_err(|error| self.user.shared.failed(&error.to_string()))?;
            self.user.shared.push(text, done)
        })
    }
}

impl Writer {
    /// What was cut off when the log was opened.
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Blocks until the thread has ended, which it does when the log was closed, dropped or failed, and says how.
    pub fn wait(self) -> Result<(), RecordError> {
        let gone = RecordError::Failed {
            line: self.line,
            reason: "the writer is gone".to_owned(),
        };
        self.thread.join().unwrap_or(Err(gone))
    }
}

/// Whether this can name a line, and with it a folder.
pub(crate) fn is_line(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Closes the log when the last clone is gone.
#[derive(Debug)]
struct User {
    shared: Arc<Shared>,
}

impl Drop for User {
    fn drop(&mut self) {
        self.shared.close(None);
    }
}
