//! The framing gate: stands between the (decrypted) stream and hyper.

use std::sync::OnceLock;

use vauban_http::FramingRefusal;

/// What the gate of one connection has found, for those behind hyper.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    broken: OnceLock<FramingRefusal>,
}

impl Verdict {
    /// Why the body in transit is broken.
    pub(crate) fn broken(&self) -> Option<FramingRefusal> {
        self.broken.get().copied()
    }
}
