//! A deadline that costs nothing while everything is in time.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

/// A deadline that moves with every request. Its timer is only touched when it would ring too late, or has rung too early;
/// so a busy connection sets a timer about once per time limit, not once per request.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(crate) const fn set(&mut self, at: Instant) {
        self.at = Some(at);
    }

    pub(crate) const fn clear(&mut self) {
        self.at = None;
    }

    pub(crate) const fn is_set(&self) -> bool {
        self.at.is_some()
    }

    /// Whether the deadline has passed; if not, the task is woken when it does.
    pub(crate) fn poll_passed(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.at else { return false };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        loop {
            match timer.as_mut().poll(cx) {
                Poll::Pending => return false,
                Poll::Ready(()) if timer.deadline() >= at => return true,
                Poll::Ready(()) => timer.as_mut().reset(at),
            }
        }
    }
}

#[cfg(test)]
mod tests;
