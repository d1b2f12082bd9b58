//! Level 1: what happened?
//!
//! Every line of defence writes one decision event per request. This crate keeps them in an append-only, hash-chained
//! log of segments, answers after the bytes are durable, finds them again by decision id, and says whether the chain is
//! whole.

pub mod control;
mod event;
mod find;
mod log;
mod verify;

pub use event::{
    CONTROLS_MAX, Control, Event, FACT_BYTES_MAX, Kind, NAME_BYTES_MAX, Outcome, Verdict,
};
pub use find::{FindError, find};
pub use log::{Log, OpenError, RecordError, Writer};
pub use verify::{Damage, LineReport, Report, VerifyError, verify};
