//! What one guard process is told when it starts, and why it may refuse to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use vauban_audit::Log;
use vauban_net::{Clock, Workload};
use vauban_policy::Mistakes;
use vauban_secret::Secret;

/// What one guard process is told. Secrets are already resolved; paths are absolute.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The service behind this guard, as the plan names it.
    pub service: String,
    /// This guard's workload identity, `spiffe://{trust_domain}/guard/{service}`.
    pub workload: Workload,
    /// The authority's internal address.
    pub authority: SocketAddr,
    /// Unix socket of the service.
    pub socket_path: PathBuf,
    /// Where stored facts are read.
    pub facts: FactsSource,
    /// Key C, which signs the database context; only with PostgreSQL.
    pub context_key: Option<Secret>,
    /// Where this line's decisions are recorded.
    pub audit: Log,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Where stored facts are read.
#[derive(Debug, Clone)]
pub enum FactsSource {
    /// An SQLite file, opened read-only.
    Sqlite(PathBuf),
    /// PostgreSQL; the URL names the guard's own read-only role.
    Postgres(Secret),
}

/// Why a guard refuses to start. Each says where the mistake stands and what mends it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The plan has no such service.
    #[error("the plan has no service `{0}`\nhint: name one of the plan's `services`")]
    UnknownService(String),
    /// The plan puts no guard in front of the service.
    #[error("service `{0}` has no guard in the plan\nhint: give it a `guard:` block")]
    NotGuarded(String),
    /// The service's socket is another user's.
    #[error(
        "service `{service}` lets only the user `{expected}` connect (`peer_uid`), and this guard runs as `{own}`\n\
         hint: run the guard as that user, or change `peer_uid`"
    )]
    PeerUid {
        /// The service.
        service: String,
        /// The user in the plan.
        expected: u32,
        /// The user of this process.
        own: u32,
    },
    /// The plan does not hold for this guard; whoever loaded it should have said so.
    #[error("{0}")]
    Plan(Mistakes),
    /// A statement, or the database it belongs to, does not hold.
    #[error("facts of `{service}`: {message}")]
    Facts {
        /// The service.
        service: String,
        /// What is wrong and what mends it.
        message: String,
    },
    /// A budget of this guard cannot be counted here.
    #[error("budget `{name}` at guard `{service}`: {message}")]
    Budget {
        /// The budget.
        name: String,
        /// The service.
        service: String,
        /// What is wrong and what mends it.
        message: String,
    },
    /// The context key does not hold.
    #[error("context key of `{service}`: {message}")]
    ContextKey {
        /// The service.
        service: String,
        /// What is wrong and what mends it.
        message: String,
    },
}
