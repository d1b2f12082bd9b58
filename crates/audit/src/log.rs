//! The log of one line.
use crate::Event;
use std::path::Path;

/// The log of one line; clones write to the same chain.
#[derive(Clone, Debug)]
pub struct Log {}

/// The thread that writes; dropping it does not stop it, see [`Writer::wait`].
#[derive(Debug)]
pub struct Writer {}

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a name of a line.
    #[error("`{0}` is not a name for a line: lower-case letters, digits and `-`, at most 64")]
    Line(String),
}

/// Why an event was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The log was closed.
    #[error("the audit log of `{line}` is closed")]
    Closed {
        /// Which line.
        line: String,
    },
}

impl Log {
    /// Opens `dir/line`, where `dir` is the audit folder of all lines.
    pub fn open(_dir: &Path, line: &str) -> Result<(Self, Writer), OpenError> {
        Err(OpenError::Line(line.to_owned()))
    }

    /// Answers once the event is durable.
    #[expect(clippy::unused_async, reason = "the body comes with the writer")]
    pub async fn record(&self, event: Event) -> Result<(), RecordError> {
        self.note(event)
    }

    /// Queues the event; it is durable with the next commit, at most 50 ms later.
    pub fn note(&self, event: Event) -> Result<(), RecordError> {
        Err(RecordError::Closed { line: event.line })
    }

    /// Writes what is queued and closes the log for all clones.
    #[expect(clippy::unused_async, reason = "the body comes with the writer")]
    pub async fn close(self) -> Result<(), RecordError> {
        Ok(())
    }
}

impl Writer {
    /// Blocks until the writer thread has ended, and says how.
    pub fn wait(self) -> Result<(), RecordError> {
        Ok(())
    }
}
