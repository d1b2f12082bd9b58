//! Level 1: *How are private keys kept?* As PKCS#8 files, encrypted with a passphrase, or inside a token behind PKCS#11, which
//! signs and does not give them away.
//!
//! This crate refuses to know what a key is for, where its file lies, and where a passphrase or PIN comes from: texts and bytes
//! are arguments. Only the authority links it, because no other line has a private key of the system's.
//!
//! Rejected: one thread that calls the token whenever a task asks. A call takes a tenth of a millisecond with a software
//! token, ten of them with a smart card, and for ever with one that was pulled out; it would hold everything else up. Rejected
//! as well: a pool of sessions that tasks borrow, for the same reason, and because PKCS#11 ties much to the thread.

mod envelope;
mod hsm;
mod signing;

pub use envelope::{EnvelopeError, PASSPHRASE_BYTES_MIN, PrivateKey, open, seal};
pub use hsm::{
    Algorithm, Hsm, HsmError, HsmKey, HsmSetting, KeyName, QUEUE_MAX, SESSIONS, Signature,
};
pub use signing::{SigningError, SigningKey, thumbprint};
