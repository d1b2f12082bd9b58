//! Level 0: *does it hold?* Plays attacks over its own raw sockets and judges them by canaries and effects.
//!
//! It refuses to know every other crate of this workspace, status codes as a verdict, and any address that is not loopback.
//! It writes and reads HTTP/1.1, forges tokens and speaks TLS with its own few lines, because an oracle that shares code with
//! what it judges shares its bugs.
//!
//! An attack is *through* only when a canary that belongs to somebody else came back or an effect was witnessed: an answer of
//! 200 without the canary is a stop, and an answer of 500 with it is a leak. Every attack has a legitimate twin, the same
//! operation by its rightful owner; while the twin fails, "stopped" only means "broken".
//!
//! Rejected: a library client (it would normalise the very bytes that are the attack), and scripts in a language of their own
//! (the compiler checks these).

mod flood;
mod forge;
mod inside;
mod object;
mod outcome;
mod target;
mod template;
mod tls;
mod token;
mod twin;
mod wire;
mod witness;

pub use crate::forge::{ForgeError, read_claim};
pub use crate::outcome::{Attempt, Outcome, Report};
pub use crate::target::{Door, Flood, Person, Read, Sibling, Stolen, Target, Upload, Write};
pub use crate::template::{Needs, TEMPLATES, Template};
pub use crate::twin::{Twin, TwinOutcome};
pub use crate::wire::{Answer, Request, Wire, WireError};
pub use crate::witness::{Witness, WitnessError, contains};

#[cfg(test)]
mod stage;
