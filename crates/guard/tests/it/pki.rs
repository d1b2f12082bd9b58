//! A test CA with SPIFFE identities, and the authority's Ed25519 key.

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use vauban_net::{Identity, Workload};
use zeroize::Zeroizing;

/// The internal CA.
pub(crate) struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn identity(&self, spiffe: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![SanType::URI(spiffe.try_into().unwrap())];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        Identity {
            spiffe: spiffe.to_owned(),
            chain_pem: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key_pem: Zeroizing::new(key.serialize_pem()),
            ca_pem: self.pem.clone(),
        }
    }

    pub(crate) fn workload(&self, spiffe: &str) -> Workload {
        Workload::fixed(self.identity(spiffe)).unwrap()
    }
}

/// Chain and key of an identity for rustls.
pub(crate) fn rustls_parts(
    identity: &Identity,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes())
        .map(Result::unwrap)
        .collect();
    (
        chain,
        PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap(),
    )
}

pub(crate) fn roots(identity: &Identity) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(identity.ca_pem.as_bytes()).unwrap())
        .unwrap();
    Arc::new(roots)
}

pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A signer of internal tokens, with the library that the authority uses and none that the guard uses.
pub(crate) struct TokenKey {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl TokenKey {
    pub(crate) fn new(kid: &'static str) -> Self {
        Self {
            kid,
            pair: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// Its entry in the key set.
    pub(crate) fn entry(&self) -> serde_json::Value {
        serde_json::json!({ "kid": self.kid, "x": URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref()) })
    }

    pub(crate) fn sign(&self, payload: &serde_json::Value) -> String {
        let header =
            serde_json::json!({ "alg": "EdDSA", "typ": "vauban-int+jwt", "kid": self.kid });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}
