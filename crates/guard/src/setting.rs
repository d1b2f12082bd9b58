//! What one guard process is told when it starts, and why it may refuse to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use vauban_audit::Log;
use vauban_net::{Clock, Workload};
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
    /// An operation names an object, and nothing says whose it is.
    #[error(
        "operation `{operation}` of `{service}` names an object ({parameters}) and has no rule for it\n\
         hint: declare `x-vauban-object`, or `x-vauban-public-object` with a reason"
    )]
    Undeclared {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
        /// The parameters that look like object references.
        parameters: String,
    },
    /// A Cedar file does not hold.
    #[error("`{file}`: {message}")]
    Cedar {
        /// The file, as the configuration names it.
        file: String,
        /// What is wrong and what mends it.
        message: String,
    },
    /// No permit can ever allow an operation.
    #[error(
        "`{file}` has no permit for action `{action}` on `{resource}`, which operation `{operation}` needs\n\
         hint: write the permit, or remove the operation from the service's document"
    )]
    NoPermit {
        /// The policy file.
        file: String,
        /// The action.
        action: String,
        /// The resource type.
        resource: String,
        /// The operation.
        operation: String,
    },
    /// An entity has no statement.
    #[error(
        "service `{service}`: operation `{operation}` asks for a `{entity}`, and `guard.facts.objects` has no statement for it\n\
         hint: add `{entity}: \"SELECT … AS owner, … AS tenant FROM … WHERE id = $1\"`"
    )]
    NoStatement {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
        /// The entity.
        entity: String,
    },
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
