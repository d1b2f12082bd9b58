//! What the gate of a connection tells those behind hyper, and what they tell the gate.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use vauban_http::FramingRefusal;

/// Shared by the gate, the service and the body readers of one connection.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Which request, counted from one, is synthetic, and why.
    refused: OnceLock<(u64, FramingRefusal)>,
    broken: OnceLock<FramingRefusal>,
    called: AtomicU64,
    answering: AtomicUsize,
}

impl Verdict {
    /// The head of the `number`th request is refused.
    pub(super) fn refuse(&self, number: u64, refusal: FramingRefusal) {
        // The gate refuses once and is silent ever after.
        self.refused.get_or_init(|| (number, refusal));
    }

    /// The body in transit has no single reading.
    pub(super) fn breaks(&self, refusal: FramingRefusal) {
        self.broken.get_or_init(|| refusal);
    }

    /// Why the body in transit is broken.
    pub(crate) fn broken(&self) -> Option<FramingRefusal> {
        self.broken.get().copied()
    }

    /// To be called once per request, in their order: whether this one stands for a refused head.
    ///
    /// The count makes it exact. hyper may read a pipelined request, and with it a synthetic one, while an earlier request
    /// is still being answered.
    pub(crate) fn next_request(&self) -> Option<FramingRefusal> {
        let number = self.called.fetch_add(1, Ordering::Relaxed) + 1;
        self.refused
            .get()
            .filter(|(refused, _)| *refused <= number)
            .map(|(_, refusal)| *refusal)
    }

    /// Whether an answer is being made or sent.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed) > 0
    }
}

/// An answer that is being made or sent.
#[derive(Debug)]
pub(crate) struct Flight(Arc<Verdict>);

impl Flight {
    pub(crate) fn new(verdict: &Arc<Verdict>) -> Self {
        verdict.answering.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(verdict))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}
