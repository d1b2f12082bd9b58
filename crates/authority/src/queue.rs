//! Turns at something dear: a few at once, a few waiting, and nobody else.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded queue in front of a bounded number of turns.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A turn; the next in the queue comes up when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl Turns {
    pub(crate) fn new(at_once: u32, waiting_max: u32) -> Self {
        let bounded = |count: u32| {
            usize::try_from(count)
                .unwrap_or(usize::MAX)
                .min(Semaphore::MAX_PERMITS / 2)
        };
        let at_once = bounded(at_once.max(1));
        Self {
            places: Arc::new(Semaphore::new(at_once + bounded(waiting_max))),
            turns: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Waits for a turn when a place in the queue is free, and says so at once when none is.
    pub(crate) async fn take(&self) -> Result<Turn, Busy> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_closed| Busy)?;
        Ok(Turn {
            _turn: turn,
            _place: place,
        })
    }
}

#[cfg(test)]
mod tests;
