//! A test CA: SPIFFE identities inside, and a public certificate for `localhost`.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use vauban_net::{Identity, PublicTls, Workload};
use zeroize::Zeroizing;

/// A certificate authority.
pub(crate) struct Ca {
    pub(crate) pem: String,
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

    fn issue(&self, names: Vec<SanType>) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (
            params.signed_by(&key, &self.issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    }

    pub(crate) fn workload(&self, spiffe: &str) -> Workload {
        let (chain_pem, key) = self.issue(vec![SanType::URI(spiffe.try_into().unwrap())]);
        let ca_pem = self.pem.clone();
        Workload::fixed(Identity {
            spiffe: spiffe.to_owned(),
            chain_pem,
            key_pem: Zeroizing::new(key),
            ca_pem,
        })
        .unwrap()
    }

    pub(crate) fn public_tls(&self) -> PublicTls {
        let (chain, key) = self.issue(vec![SanType::DnsName("localhost".try_into().unwrap())]);
        PublicTls::from_pem(&chain, &key).unwrap()
    }
}
