//! Beside the crates: the demo bank behind the lines. *What does a service look like that trusts its guard and nobody else?*
//! Accounts, payments and an image worker, each on its own Unix socket, over one ledger.
//!
//! It refuses to know tokens, routes, roles' permissions and who owns what: whoever asks was judged by the edge and the guard,
//! and on PostgreSQL the rows judge once more by themselves. So the services do not compare the caller with the owner of an
//! object, and a drill that opens the guard sees what that costs. They do decode strictly, speak to the database in
//! parameterised statements only, and answer a transfer after it is durable.
//!
//! Rejected: a web framework (its routing reads the path once more, and in its own way; seven operations are one `match`), and
//! balances computed by the service (a trigger books both sides of a transfer, so that no statement can book one alone).

mod caller;
pub mod files;
mod front;
mod images;
mod install;
mod ledger;
mod order;
mod png;
mod reply;
mod request;
mod run;
mod seed;
mod selftest;
mod service;
mod setting;
mod store;

pub use install::{Install, InstallError, install};
pub use ledger::{Balances, LedgerError, ledger_balances};
pub use run::{Open, RunError, open, run};
pub use seed::{Seed, SeedError, Seeded, seed};
pub use selftest::{SelfTestError, self_test};
pub use service::Service;
pub use setting::{Database, DatabaseUrl, Record, Setting};
pub use store::StoreError;
