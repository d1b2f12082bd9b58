//! What surrounds the edge: identity, neighbours, log and clock.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use vauban_audit::{Log, RecordError};
use vauban_net::{Clock, PublicTls, ServeError, Workload};

use crate::inspect::Rules;

/// What surrounds the edge.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The edge's workload identity, for mutual TLS inside.
    pub workload: Workload,
    /// Where the authority listens.
    pub authority: SocketAddr,
    /// Where the guard of each service listens.
    pub guards: BTreeMap<String, SocketAddr>,
    /// The public certificate.
    pub public_tls: PublicTls,
    /// The rules that the plan names, loaded.
    pub rules: Rules,
    /// The edge's audit log.
    pub audit: Log,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Why the edge does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A route leads to a service whose guard has no address.
    #[error("service `{0}` has a guard, and nothing says where it listens")]
    GuardAddress(String),
    /// A budget at the edge has a key that the edge does not count by.
    #[error(
        "budget `{0}` stands at the edge, which counts by `ip`, `user` and `danger_header` only"
    )]
    BudgetKey(String),
    /// The plan has no listener for the edge.
    #[error("no listener has the line `edge`")]
    NoListener,
    /// A header that is to be forwarded has no legal name.
    #[error("operation `{operation}` declares `{header}`, which is no header name")]
    HeaderName {
        /// The operation.
        operation: String,
        /// The name as declared.
        header: String,
    },
    /// An operation declares a header that only Vauban may set inside.
    #[error("operation `{operation}` declares `{header}`, which only Vauban may set")]
    HeaderReserved {
        /// The operation.
        operation: String,
        /// The name as declared.
        header: String,
    },
}

/// Why the edge ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not start.
    #[error("edge does not start")]
    Start(#[from] StartError),
    /// The audit log does not take the first record.
    #[error("edge's audit log does not record")]
    Audit(#[from] RecordError),
    /// It could not serve.
    #[error("edge cannot serve")]
    Serve(#[from] ServeError),
}
