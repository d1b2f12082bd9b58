//! *What stays hidden?* Secrets are read from where a reference says, kept out of every `Debug`, and written so that nobody
//! else can read them; the state directory that holds them is checked before it is used.
//!
//! This crate refuses to know who wants a secret or what it is for: it sees references as text, bytes, files and their modes.
//! It reads no environment and opens no socket itself; the binary passes a look-up and a carrier in, so that a test or a drill
//! decides what is there.
//!
//! The rejected alternative was secrets as strings in the configuration with a redacting printer: what is never in the plan
//! cannot be printed from it, and a printer has to be right everywhere.

mod private;
mod reference;
mod secret;
mod sources;
mod state;
mod vault;

pub use private::{FileError, PUBLIC_BYTES_MAX, SECRET_BYTES_MAX, read_private, write_private};
pub use reference::{Pkcs11Uri, Reference, ReferenceError, VaultPath};
pub use secret::{RandomError, Secret};
pub use sources::{SecretError, Sources};
pub use state::{STATE_VERSION, StateDir, StateError};
pub use vault::{Fetch, Fetched, Fetching, Vault, VaultError};
