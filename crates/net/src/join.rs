//! A workload's certificate: the first by a join token, the next ones by the one before.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use serde_json::{Value, json};
use tracing::{debug, warn};
use zeroize::Zeroizing;

use crate::workload::{anonymous_client_config, spiffe};
use crate::{
    Clock, Identity, Stop, TlsError, Upstream, UpstreamError, UpstreamLimits, Workload, tls,
};

mod store;

/// A certificate, a chain and a CA are a few kilobytes.
const LIMITS: UpstreamLimits = UpstreamLimits {
    answer_time: Duration::from_secs(10),
    answer_bytes_max: 64 * 1024,
    idle_max: 0,
};

/// The wall clock may be set while we wait, so it is asked again at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// After a failed renewal: one second, doubled up to this.
const BACK_OFF_SECONDS_MAX: u64 = 60;

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
    #[error("the authority refused with status {status} and code `{code}`")]
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
    /// The certificate on disk is not valid now.
    #[error("the certificate in `{0}` has expired")]
    Expired(PathBuf),
    /// No key could be made.
    #[error("no key or signing request could be made")]
    Key(#[source] rcgen::Error),
    /// The identity could not be written or read.
    #[error("the identity cannot be kept in `{path}`")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes a key, asks the authority for its certificate, and writes both to `dir` if there is one.
///
/// The authority is known by `ca_pem` and by its SPIFFE id in the trust domain of `spiffe`; the token goes to nobody else.
pub async fn join(
    authority: SocketAddr,
    ca_pem: &str,
    token: &str,
    spiffe: &str,
    dir: Option<&Path>,
) -> Result<Workload, JoinError> {
    let expected = authority_of(spiffe)?;
    let config = anonymous_client_config(ca_pem, &expected).map_err(JoinError::Certificate)?;
    let upstream = Upstream::anonymous(authority, expected, config, LIMITS);
    let (key_pem, csr_pem) = new_key(spiffe)?;
    let granted = ask(
        &upstream,
        "/internal/join",
        &json!({ "token": token, "csr_pem": csr_pem }),
    )
    .await?;
    let identity = granted.identity(spiffe, key_pem);
    let workload =
        Workload::kept(identity, dir.map(Path::to_owned)).map_err(JoinError::Certificate)?;
    if let Some(dir) = dir {
        store::write(dir, &workload.current())?;
    }
    Ok(workload)
}

/// Takes up an identity that an earlier [`join`] wrote to `dir`, if its certificate is still valid.
pub fn resume(
    dir: &Path,
    ca_pem: &str,
    spiffe: &str,
    clock: &dyn Clock,
) -> Result<Workload, JoinError> {
    let (chain_pem, key_pem) = store::read(dir)?;
    let (_, until) = validity(&chain_pem)?;
    if until <= unix_seconds(clock) {
        return Err(JoinError::Expired(dir.to_owned()));
    }
    let identity = Identity {
        spiffe: spiffe.to_owned(),
        chain_pem,
        key_pem,
        ca_pem: ca_pem.to_owned(),
    };
    Workload::kept(identity, Some(dir.to_owned())).map_err(JoinError::Certificate)
}

/// Renews the certificate at half of its life until the order to stop. The key stays, so that the certificate on disk can
/// be replaced in one step.
pub async fn keep_fresh(
    workload: Workload,
    authority: SocketAddr,
    clock: Arc<dyn Clock>,
    stop: Stop,
) {
    let mut failures = 0_u32;
    while !stop.is_stopped() {
        let pause = match renewal_due_in(&workload, clock.as_ref()) {
            Ok(Some(left)) => left.min(LOOK_EVERY),
            Ok(None) | Err(_) => match renew(&workload, authority).await {
                Ok(()) => {
                    failures = 0;
                    debug!(spiffe = workload.spiffe(), "the certificate was renewed");
                    Duration::from_secs(1)
                }
                Err(error) => {
                    warn!(spiffe = workload.spiffe(), %error, "the certificate was not renewed");
                    failures = failures.saturating_add(1);
                    back_off(failures)
                }
            },
        };
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn back_off(failures: u32) -> Duration {
    let seconds = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(seconds.clamp(1, BACK_OFF_SECONDS_MAX))
}

/// How long the certificate is in the first half of its life; `None` when that is over.
fn renewal_due_in(workload: &Workload, clock: &dyn Clock) -> Result<Option<Duration>, JoinError> {
    let (from, until) = validity(&workload.current().chain_pem)?;
    let left = (from + (until - from) / 2).saturating_sub(unix_seconds(clock));
    Ok(u64::try_from(left)
        .ok()
        .filter(|left| *left > 0)
        .map(Duration::from_secs))
}

async fn renew(workload: &Workload, authority: SocketAddr) -> Result<(), JoinError> {
    let current = workload.current();
    let expected = authority_of(&current.spiffe)?;
    let upstream = Upstream::mutual(authority, expected, workload.clone(), LIMITS);
    let key = KeyPair::from_pem(&current.key_pem).map_err(JoinError::Key)?;
    let csr_pem = signing_request(&key, &current.spiffe)?;
    let granted = ask(&upstream, "/internal/renew", &json!({ "csr_pem": csr_pem })).await?;
    let identity = granted.identity(&current.spiffe, current.key_pem);
    workload
        .replace(identity.clone())
        .map_err(JoinError::Certificate)?;
    match workload.dir() {
        Some(dir) => store::write(dir, &identity),
        None => Ok(()),
    }
}

struct Granted {
    certificate_pem: String,
    ca_pem: String,
}

impl Granted {
    fn identity(self, spiffe: &str, key_pem: Zeroizing<String>) -> Identity {
        Identity {
            spiffe: spiffe.to_owned(),
            chain_pem: self.certificate_pem,
            key_pem,
            ca_pem: self.ca_pem,
        }
    }
}

async fn ask(
    upstream: &Upstream,
    path: &'static str,
    question: &Value,
) -> Result<Granted, JoinError> {
    let mut request = Request::new(Bytes::from(question.to_string()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = http::Uri::from_static(path);
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = upstream.send(request).await.map_err(JoinError::Authority)?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if !answer.status().is_success() {
        let code = text("code").unwrap_or_default();
        return Err(JoinError::Refused {
            status: answer.status().as_u16(),
            code,
        });
    }
    match (text("certificate_pem"), text("ca_pem")) {
        (Some(certificate_pem), Some(ca_pem)) => Ok(Granted {
            certificate_pem,
            ca_pem,
        }),
        _ => Err(JoinError::Answer),
    }
}

fn authority_of(spiffe: &str) -> Result<String, JoinError> {
    spiffe::authority_beside(spiffe).ok_or_else(|| JoinError::Spiffe(spiffe.to_owned()))
}

fn new_key(spiffe: &str) -> Result<(Zeroizing<String>, String), JoinError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(JoinError::Key)?;
    let csr_pem = signing_request(&key, spiffe)?;
    Ok((Zeroizing::new(key.serialize_pem()), csr_pem))
}

fn signing_request(key: &KeyPair, spiffe: &str) -> Result<String, JoinError> {
    let made = || {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(spiffe)?)];
        params.serialize_request(key)?.pem()
    };
    made().map_err(JoinError::Key)
}

fn validity(chain_pem: &str) -> Result<(i64, i64), JoinError> {
    let chain = tls::chain(chain_pem).map_err(JoinError::Certificate)?;
    chain
        .first()
        .and_then(|leaf| spiffe::validity(leaf))
        .ok_or(JoinError::Certificate(TlsError::Chain))
}

fn unix_seconds(clock: &dyn Clock) -> i64 {
    i64::try_from(clock.unix_ms() / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
