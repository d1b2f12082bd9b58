//! *What stays hidden?* Secrets are read from where a reference says, kept out of every `Debug`, and written so that nobody
//! else can read them; the state directory that holds them is checked before it is used.
//!
//! This crate refuses to know who wants a secret or what it is for: it sees references as text, bytes, files and their modes.
//! It reads no environment itself; the binary passes a look-up in, so that a test or a drill decides what is there.
//!
//! The rejected alternative was secrets as strings in the configuration with a redacting printer: what is never in the plan
//! cannot be printed from it, and a printer has to be right everywhere.

mod private;
mod reference;
mod secret;
mod state;

pub use private::{FileError, PUBLIC_BYTES_MAX, SECRET_BYTES_MAX, read_private, write_private};
pub use reference::{Reference, ReferenceError, SecretError, resolve, resolve_public};
pub use secret::{RandomError, Secret};
pub use state::{STATE_VERSION, StateDir, StateError};
