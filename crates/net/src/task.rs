//! Tasks with a name, whose panic is reported.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::error;

/// Runs a future beside the caller. A panic is reported with the name, then goes on to whoever joins the task.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that spawns"
)]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Named {
        name,
        future: Box::pin(future),
    })
}

/// A future that is polled where it is awaited, and finished as a task of its own if whoever awaited it goes away.
pub(crate) struct Finishing<F: Future + Send + 'static>
where
    F::Output: Send,
{
    name: &'static str,
    /// None when it has ended, or while it is polled: a future that panicked is not polled again.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future + Send + 'static> Finishing<F>
where
    F::Output: Send,
{
    pub(crate) fn new(name: &'static str, future: F) -> Self {
        Self {
            name,
            future: Some(Box::pin(future)),
        }
    }
}

impl<F: Future + Send + 'static> Future for Finishing<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(mut future) = self.future.take() else {
            return Poll::Pending;
        };
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
        }
        poll
    }
}

impl<F: Future + Send + 'static> Drop for Finishing<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        // Outside a runtime there is nobody left to finish anything.
        if let (Some(future), Ok(_runtime)) = (self.future.take(), Handle::try_current()) {
            drop(spawn(self.name, future));
        }
    }
}

struct Named<F> {
    name: &'static str,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let name = self.name;
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(panic) => {
                error!(task = name, "a task panicked");
                std::panic::resume_unwind(panic)
            }
        }
    }
}

#[cfg(test)]
mod tests;
