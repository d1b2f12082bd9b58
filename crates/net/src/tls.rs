//! TLS: the public certificate of the edge, and the internal one of each workload.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why certificates or keys cannot be used. Their text never appears here.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate, or broken PEM.
    #[error("the certificate chain is not readable as PEM")]
    Chain,
    /// No private key, or broken PEM.
    #[error("the private key is not readable as PEM")]
    Key,
    /// No CA certificate, or broken PEM.
    #[error("the CA certificate is not readable as PEM")]
    Ca,
    /// Key and certificate do not belong together, or are not supported.
    #[error("the certificate and the private key cannot be used together")]
    Unusable(#[source] rustls::Error),
    /// The peers' certificates cannot be verified with this CA.
    #[error("the CA certificate cannot verify peers")]
    Verifier(#[source] rustls::server::VerifierBuilderError),
    /// The certificate does not carry exactly the wanted SPIFFE id.
    #[error("the certificate is not for `{0}`")]
    WrongSpiffe(String),
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(crate) fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    match CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(TlsError::Chain),
    }
}

pub(crate) fn roots(pem: &str) -> Result<Arc<RootCertStore>, TlsError> {
    let Ok(certificates) = chain(pem) else {
        return Err(TlsError::Ca);
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        if roots.add(certificate).is_err() {
            return Err(TlsError::Ca);
        }
    }
    Ok(Arc::new(roots))
}

pub(crate) fn certified(chain_pem: &str, key_pem: &str) -> Result<Arc<CertifiedKey>, TlsError> {
    let Ok(key) = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()) else {
        return Err(TlsError::Key);
    };
    // Refuses a key that does not belong to the certificate.
    match CertifiedKey::from_der(chain(chain_pem)?, key, &provider()) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(error) => Err(TlsError::Unusable(error)),
    }
}

/// The public certificate: TLS 1.2 and 1.3, HTTP/1.1. Clones share it, so that a replacement reaches every listener.
#[derive(Clone)]
pub struct PublicTls {
    resolver: Arc<Resolver>,
    config: Arc<ServerConfig>,
}

impl PublicTls {
    /// Reads a certificate chain and its key.
    pub fn from_pem(chain_pem: &str, key_pem: &str) -> Result<Self, TlsError> {
        let resolver = Arc::new(Resolver(ArcSwap::new(certified(chain_pem, key_pem)?)));
        let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&versions)
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Resolver>::clone(&resolver));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Unusable)?;
        Ok(Self {
            resolver,
            config: Arc::new(config),
        })
    }

    /// Uses another chain and key for connections from now on. On an error the old ones stay.
    pub fn replace(&self, chain_pem: &str, key_pem: &str) -> Result<(), TlsError> {
        self.resolver.0.store(certified(chain_pem, key_pem)?);
        Ok(())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for PublicTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicTls(…)")
    }
}

struct Resolver(ArcSwap<CertifiedKey>);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver(…)")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}
