//! The identity of a workload inside the walls: a certificate of the internal CA that carries a SPIFFE id.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

use crate::tls::{self, TlsError};

pub(crate) mod spiffe;
mod verify;

/// Whether the peer of a mutual listener must show a certificate at the handshake. One that is shown must be good in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate, no connection.
    Required,
    /// The line decides per endpoint.
    Optional,
}

/// A certificate, its key, and the CA that vouches for it and for its peers.
#[derive(Clone)]
pub struct Identity {
    /// The SPIFFE id in the certificate.
    pub spiffe: String,
    /// The certificate chain, leaf first.
    pub chain_pem: String,
    /// The private key.
    pub key_pem: Zeroizing<String>,
    /// The internal CA.
    pub ca_pem: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("spiffe", &self.spiffe)
            .finish_non_exhaustive()
    }
}

/// A workload's identity in use. Clones share it, so that a renewal reaches every listener and upstream.
#[derive(Clone)]
pub struct Workload {
    inner: Arc<Inner>,
}

struct Inner {
    current: ArcSwap<State>,
    dir: Option<PathBuf>,
}

/// Everything that is made from one identity, made once.
pub(crate) struct State {
    identity: Identity,
    roots: Arc<RootCertStore>,
    certified: Arc<CertifiedKey>,
    required: Arc<ServerConfig>,
    optional: Arc<ServerConfig>,
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workload")
            .field(&self.inner.current.load().identity)
            .finish()
    }
}

impl Workload {
    /// Uses an identity. Refuses one whose parts do not belong together.
    pub fn fixed(identity: Identity) -> Result<Self, TlsError> {
        Self::kept(identity, None)
    }

    /// Uses an identity whose renewals are written to `dir`.
    pub(crate) fn kept(identity: Identity, dir: Option<PathBuf>) -> Result<Self, TlsError> {
        Ok(Self {
            inner: Arc::new(Inner {
                current: ArcSwap::from_pointee(State::new(identity)?),
                dir,
            }),
        })
    }

    /// The identity in use.
    pub fn current(&self) -> Identity {
        self.inner.current.load().identity.clone()
    }

    /// The SPIFFE id in use.
    pub fn spiffe(&self) -> String {
        self.inner.current.load().identity.spiffe.clone()
    }

    /// Uses another identity for connections from now on. On an error the old one stays; the SPIFFE id cannot change.
    pub fn replace(&self, identity: Identity) -> Result<(), TlsError> {
        if identity.spiffe != self.spiffe() {
            return Err(TlsError::WrongSpiffe(self.spiffe()));
        }
        self.inner.current.store(Arc::new(State::new(identity)?));
        Ok(())
    }

    /// The TLS configuration of a listener: TLS 1.3, peers verified against the internal CA.
    pub fn server_config(&self, auth: ClientAuth) -> Arc<ServerConfig> {
        let state = self.inner.current.load();
        match auth {
            ClientAuth::Required => Arc::clone(&state.required),
            ClientAuth::Optional => Arc::clone(&state.optional),
        }
    }

    /// The TLS configuration towards a peer that must be `expected_spiffe`.
    pub fn client_config(&self, expected_spiffe: &str) -> Result<Arc<ClientConfig>, TlsError> {
        self.state().client_config(expected_spiffe)
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.inner.current.load_full()
    }

    pub(crate) fn is_current(&self, state: &Arc<State>) -> bool {
        Arc::ptr_eq(&self.inner.current.load(), state)
    }

    pub(crate) fn dir(&self) -> Option<&Path> {
        self.inner.dir.as_deref()
    }
}

impl State {
    fn new(identity: Identity) -> Result<Self, TlsError> {
        let certified = tls::certified(&identity.chain_pem, &identity.key_pem)?;
        let leaf = certified.cert.first().ok_or(TlsError::Chain)?;
        if spiffe::of_certificate(leaf).as_deref() != Some(identity.spiffe.as_str()) {
            return Err(TlsError::WrongSpiffe(identity.spiffe));
        }
        let roots = tls::roots(&identity.ca_pem)?;
        let required = server_config(&roots, &certified, ClientAuth::Required)?;
        let optional = server_config(&roots, &certified, ClientAuth::Optional)?;
        Ok(Self {
            identity,
            roots,
            certified,
            required,
            optional,
        })
    }

    pub(crate) fn client_config(
        &self,
        expected_spiffe: &str,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = verify::client_builder(Arc::clone(&self.roots), expected_spiffe)?;
        let resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)));
        let mut config = builder.with_client_cert_resolver(resolver);
        verify::harden(&mut config);
        Ok(Arc::new(config))
    }
}

/// The TLS configuration of a client that has no certificate yet: it only knows whom to expect.
pub(crate) fn anonymous_client_config(
    ca_pem: &str,
    expected_spiffe: &str,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config =
        verify::client_builder(tls::roots(ca_pem)?, expected_spiffe)?.with_no_client_auth();
    verify::harden(&mut config);
    Ok(Arc::new(config))
}

fn server_config(
    roots: &Arc<RootCertStore>,
    certified: &Arc<CertifiedKey>,
    auth: ClientAuth,
) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), tls::provider());
    let verifier = match auth {
        ClientAuth::Required => builder.build(),
        ClientAuth::Optional => builder.allow_unauthenticated().build(),
    };
    let mut config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Unusable)?
        .with_client_cert_verifier(verifier.map_err(TlsError::Verifier)?)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(certified))));
    // A resumed session would not verify the peer's certificate again, and these certificates live an hour.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
