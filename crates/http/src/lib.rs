//! Level 0: *What was asked?* Raw bytes of a request head, of chunk framing and of a request target become one reading or a
//! named refusal, and every line of defence uses this reading.
//!
//! It refuses to know anything else: no sockets, no clock, no async, no routes, no tokens.
//!
//! Rejected: leaving the reading to the HTTP library underneath and correcting it afterwards. hyper re-frames what it
//! accepts and so is safe by itself, but it accepts what the next reader may understand differently (both framings at once,
//! bare line feeds, chunk extensions); a message with two readings must be refused before anybody has read it.

mod chunk;
mod head;
mod refusal;
mod target;

pub use chunk::{ChunkProgress, ChunkReader};
pub use head::{BodyFraming, HeadLimits, judge_head, read_head};
pub use refusal::{FramingRefusal, TargetRefusal};
pub use target::{CanonicalPath, Query, TARGET_CANONICAL_BYTES_MAX, Target, encode_component};
