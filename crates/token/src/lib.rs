//! Level 1: who is asking? The outer reading of access tokens, and their minting.
//!
//! A token is read in four moves, each independent of the others: a strict reading of the compact form and its header, the
//! signature decision of a library behind [`SignatureLibrary`], a map-only reading of the claims, and the checks of the
//! [`Profile`]. Only the second move trusts somebody else's code; the other three hold even when that code lies about
//! anything but the signature.
//!
//! The assertions by which clients prove themselves to the authority are read here too, each with the key that its client registered.
//!
//! This crate refuses to know sockets, files, clocks, the plan and the inside of internal tokens: keys and time are arguments.
//!
//! Rejected: to call `jsonwebtoken::decode` and configure it strictly. Even in its strictest setting it accepts an array as
//! payload, an array as issuer, unknown `crit` members and a wrong `typ` (each is a named case in `verifier/tests.rs`).

mod actors;
mod assertion;
mod claims;
mod compact;
mod jws;
mod key;
mod keyset;
mod mint;
mod refusal;
mod verifier;

pub use actors::ACTORS_MAX;
pub use assertion::{
    ASSERTION_BYTES_MAX, ASSERTION_SECONDS_MAX, Assertion, AssertionId, AssertionKey,
    AssertionRefusal, NoKey,
};
pub use claims::Claims;
pub use key::{Es256Key, KeyError};
pub use keyset::{JsonWebToken, KeySetError, SignatureLibrary};
pub use mint::{SignError, Signer, mint};
pub use refusal::TokenRefusal;
pub use verifier::{LEEWAY_SECONDS, Profile, TOKEN_BYTES_MAX, Verifier};
