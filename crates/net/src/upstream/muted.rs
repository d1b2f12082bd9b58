//! A waker that keeps silent while its task is already looking.
//!
//! A request and its connection talk through channels, and both ends are polled by one task. Each message would wake that
//! task once more after it has seen it; every such wake polls the whole client connection in vain.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Nobody looks: a wake goes on to the task.
const IDLE: u8 = 0;
/// The task looks: a wake is noted.
const LOOKING: u8 = 1;
/// The task looks, and has to look again.
const NOTED: u8 = 2;

/// Looks in one poll, until what is still to see can wait for the next.
const LOOKS_MAX: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Muted {
    state: AtomicU8,
    task: Mutex<Option<Waker>>,
}

impl Muted {
    /// Polls with a waker of this task until nothing wakes it in the course of the poll.
    pub(super) fn poll<T>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        mut look: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.register(cx.waker());
        let waker = Waker::from(Arc::clone(self));
        let mut quiet = Context::from_waker(&waker);
        for _ in 0..LOOKS_MAX {
            self.state.store(LOOKING, Ordering::SeqCst);
            let seen = look(&mut quiet);
            if seen.is_ready() {
                self.state.store(IDLE, Ordering::SeqCst);
                return seen;
            }
            if self.state.swap(IDLE, Ordering::SeqCst) == LOOKING {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn register(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }
}

impl Wake for Muted {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = self
            .state
            .compare_exchange(LOOKING, NOTED, Ordering::SeqCst, Ordering::SeqCst);
        if noted == Err(IDLE) {
            let task = self
                .task
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if let Some(task) = task {
                task.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests;
