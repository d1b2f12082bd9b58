//! TLS as an attacker needs it: the public door is verified, inner doors are entered whoever answers.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::wire::WireError;

/// A client that trusts exactly one certificate authority.
pub(crate) fn outside(ca_pem: &str) -> Result<Arc<ClientConfig>, WireError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_pem)? {
        roots
            .add(certificate)
            .map_err(|error| WireError::Tls(error.to_string()))?;
    }
    let config = builder()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A client that presents a stolen certificate and does not care who answers.
pub(crate) fn inside(certificate_pem: &str, key_pem: &str) -> Result<Arc<ClientConfig>, WireError> {
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|error| WireError::Tls(format!("the stolen key is not PEM: {error}")))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Indifferent(provider)))
        .with_client_auth_cert(certificates(certificate_pem)?, key)
        .map_err(|error| WireError::Tls(error.to_string()))?;
    Ok(Arc::new(config))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, WireError> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| WireError::Tls(error.to_string()))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, WireError> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| WireError::Tls(format!("a certificate is not PEM: {error}")))
}

/// Accepts any certificate: the attacker goes to an address, not to a name.
#[derive(Debug)]
struct Indifferent(Arc<CryptoProvider>);

impl ServerCertVerifier for Indifferent {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
