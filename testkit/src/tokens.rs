//! Which tokens must be refused, and with which words? The table `conformance/tokens/bad.toml`, read and made into tokens.
//!
//! The edge and the guard read tokens of different profiles with different code. A row of the table says what is wrong in a
//! way that both understand (`header alg = "none"`), and each reader's own test makes the token for its own profile, with
//! its own keys, and holds its own reader against the words of the row. Nothing of a reader is known here: only the making
//! is shared, never the judging.

mod damage;
mod forge;
mod table;
mod text;

pub use damage::damaged;
pub use forge::{Hand, MakeError, Names, Order, TokenProfile, make};
pub use table::{Row, Table, Verdict, table};
