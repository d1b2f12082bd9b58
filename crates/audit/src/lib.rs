//! Level 1: what happened?
//!
//! Every line of defence writes one decision event per request. This crate keeps them in an append-only, hash-chained
//! log of segments, answers only after the bytes are durable, finds them again by decision id, and says whether the
//! chain is whole. It refuses to know what a decision means, how a token looks inside, and what time it is. Rejected:
//! a table in the authority's database (the line that is attacked would hold its own evidence, and every line would
//! need a database), and a log per request handler without a writer thread (one `fdatasync` per event instead of one
//! per group).
//!
//! # The files
//!
//! `AUDIT/LINE/000001.seg`, `000002.seg` … hold one JSON object per line of text:
//! `{"seq":7,"prev":"HEX","event":{…},"hash":"HEX"}`. `hash` is the SHA-256 of the same object without its `hash`
//! member, byte for byte as it stands there; `prev` is the `hash` of the record before it, across segments. The first
//! record of a segment has `"segment":{"format":1,"line":"edge","number":2}` in place of the event. `AUDIT/LINE/head`
//! repeats sequence number and hash of a record that was durable when it was written: at open, every 4,096 records, at
//! rotation and at close. All files are 0600, the folder 0700.
//!
//! # What is promised
//!
//! - [`Log::record`] answers after `fdatasync`; an event it acknowledged survives `kill -9` and loss of power, as far as
//!   the disk tells the truth about flushing. [`Log::note`] only queues: up to 50 ms of notes may be lost.
//! - Once a write or a flush failed, the log takes nothing more until it is opened anew. A flush is never repeated: the
//!   kernel may have dropped the pages and would report success.
//! - At open, an incomplete final record (no line feed) was never acknowledged and is cut off. Anything else that is
//!   damaged refuses to open, and nothing is overwritten.
//!
//! # What a local chain cannot prove
//!
//! The hashes are not keyed and nobody outside has seen them. [`verify()`] detects every record that was changed, removed,
//! inserted or moved by somebody who did not also recompute everything after it and `head`. It cannot detect a history
//! rewritten whole by somebody who may write the folder; records cut from the end that are younger than `head` (with
//! the folder idle after a clean close there are none); or a line's folder removed entirely. For that, somebody else has
//! to remember: keep the sequence numbers and hashes that [`verify()`] reports in another place and compare.

mod chain;
pub mod control;
mod event;
mod find;
mod head;
mod log;
mod medium;
mod record;
mod scan;
mod verify;

pub use event::{
    CONTROLS_MAX, Control, Event, FACT_BYTES_MAX, FINDINGS_MAX, Finding, Kind, NAME_BYTES_MAX,
    Outcome, Verdict,
};
pub use find::{EVENTS_MAX, FindError, find};
pub use log::{Log, OpenError, RecordError, Recovered, Writer};
pub use medium::{Folder, Limits, Medium};
pub use scan::{Damage, Flaw};
pub use verify::{LineReport, Report, VerifyError, verify};
