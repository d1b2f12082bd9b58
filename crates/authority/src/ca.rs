//! The internal CA: who is who inside the walls.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use vauban_key::SigningKey;
use vauban_net::Identity;
use zeroize::Zeroizing;

mod der;

/// Life of a workload certificate, seconds.
pub const CERTIFICATE_SECONDS: u64 = 3_600;
/// Life of the CA's own certificate, seconds (ten years): it is replaced by provisioning anew.
const CA_SECONDS: u64 = 3_650 * 86_400;
/// A certificate is valid this much before it is made, because clocks of two machines differ.
const SKEW_SECONDS: u64 = 300;
/// An uncompressed P-256 point.
const POINT_BYTES: usize = 65;

/// The CA with its key.
pub(crate) struct InternalCa {
    issuer: Issuer<'static, CaKey>,
    pem: String,
}

impl std::fmt::Debug for InternalCa {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("InternalCa(…)")
    }
}

/// A certificate could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// Not a request, or its signature does not fit its key.
    #[error("certificate request cannot be read, or its signature is wrong")]
    Request,
    /// Another key type than P-256.
    #[error("certificate request has a key that is not P-256")]
    KeyType,
    /// The request asks for another identity than the caller's.
    #[error("certificate request asks for another identity")]
    OtherIdentity,
    /// The identity is not a SPIFFE id.
    #[error("identity is not a SPIFFE id")]
    Spiffe,
    /// The stored certificate or key of the CA cannot be read.
    #[error("certificate or key of the internal CA cannot be read")]
    Stored,
    /// The cryptographic library refused.
    #[error("certificate could not be signed")]
    Library,
}

/// The CA's key as the certificate library asks for it.
struct CaKey(Arc<SigningKey>);

/// The same for a moment.
struct Lent<'a>(&'a SigningKey);

impl PublicKeyData for CaKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for CaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        rcgen::SigningKey::sign(&Lent(&self.0), message)
    }
}

impl PublicKeyData for Lent<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Lent<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self.0.sign(message) {
            Ok(signature) => Ok(der::signature(&signature)),
            Err(error) => {
                tracing::error!(%error, "the internal CA's key does not sign");
                Err(rcgen::Error::RemoteKeyError)
            }
        }
    }
}

/// A certificate request whose signature was checked.
#[derive(Debug)]
pub(crate) struct Request(CertificateSigningRequestParams);

impl InternalCa {
    /// The certificate of a new CA with this key, as PEM.
    pub(crate) fn create(key: &SigningKey, now: u64) -> Result<String, CaError> {
        let mut params = params(now, CA_SECONDS)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Vauban internal CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params
            .self_signed(&Lent(key))
            .map_err(|_error| CaError::Library)?;
        Ok(certificate.pem())
    }

    /// The CA of this certificate and key.
    pub(crate) fn new(pem: &str, key: Arc<SigningKey>) -> Result<Self, CaError> {
        let issuer = Issuer::from_ca_cert_pem(pem, CaKey(key)).map_err(|_error| CaError::Stored)?;
        Ok(Self {
            issuer,
            pem: pem.to_owned(),
        })
    }

    /// The CA's certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a certificate for `spiffe`. Whatever else the request asked for is not in it.
    pub(crate) fn sign(
        &self,
        request: &Request,
        spiffe: &str,
        now: u64,
    ) -> Result<String, CaError> {
        self.sign_key(&request.0.public_key, spiffe, now)
    }

    /// Makes a key and a certificate for the authority itself.
    pub(crate) fn identity(&self, spiffe: &str, now: u64) -> Result<Identity, CaError> {
        let key =
            KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_error| CaError::Library)?;
        let chain_pem = self.sign_key(&key, spiffe, now)?;
        Ok(Identity {
            spiffe: spiffe.to_owned(),
            chain_pem,
            key_pem: Zeroizing::new(key.serialize_pem()),
            ca_pem: self.pem.clone(),
        })
    }

    fn sign_key(
        &self,
        key: &impl PublicKeyData,
        spiffe: &str,
        now: u64,
    ) -> Result<String, CaError> {
        let path = spiffe_path(spiffe).ok_or(CaError::Spiffe)?;
        let mut params = params(now, CERTIFICATE_SECONDS)?;
        params.distinguished_name.push(DnType::CommonName, path);
        params.subject_alt_names = vec![SanType::URI(
            spiffe.try_into().map_err(|_error| CaError::Spiffe)?,
        )];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        Ok(params
            .signed_by(key, &self.issuer)
            .map_err(|_error| CaError::Library)?
            .pem())
    }
}

impl Request {
    /// Reads a request and checks its signature and the kind of its key.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, CaError> {
        let request =
            CertificateSigningRequestParams::from_pem(pem).map_err(|_error| CaError::Request)?;
        let key = &request.public_key;
        let point = key.der_bytes();
        // The library takes the algorithm from the signature; a key of another curve would be longer.
        let is_p256 = key.algorithm() == &PKCS_ECDSA_P256_SHA256
            && point.len() == POINT_BYTES
            && point.first() == Some(&4);
        if is_p256 {
            Ok(Self(request))
        } else {
            Err(CaError::KeyType)
        }
    }

    /// Refuses a request that names any identity but `spiffe`.
    pub(crate) fn names_only(&self, spiffe: &str) -> Result<(), CaError> {
        let named = |name: &SanType| matches!(name, SanType::URI(uri) if uri.as_str() == spiffe);
        if self.0.params.subject_alt_names.iter().all(named) {
            Ok(())
        } else {
            Err(CaError::OtherIdentity)
        }
    }
}

/// The path of a SPIFFE id (`spiffe://domain/path`) in the narrow form that we use.
pub(crate) fn spiffe_path(spiffe: &str) -> Option<&str> {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty()
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte)
            })
    };
    let (domain, path) = spiffe.strip_prefix("spiffe://")?.split_once('/')?;
    let segments = path.split('/').all(|segment| plain(segment, b"-_"));
    (spiffe.len() <= 255 && plain(domain, b"-._") && segments).then_some(path)
}

fn params(now: u64, seconds: u64) -> Result<CertificateParams, CaError> {
    let mut serial = [0_u8; 16];
    getrandom::fill(&mut serial).map_err(|_error| CaError::Library)?;
    // RFC 5280: positive and not zero.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let epoch = date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(SKEW_SECONDS).min(TIME_MAX));
    params.not_after = epoch + Duration::from_secs(now.saturating_add(seconds).min(TIME_MAX));
    Ok(params)
}

/// End of the year 9998; adding more to a date would panic.
const TIME_MAX: u64 = 253_370_764_800;

#[cfg(test)]
mod tests;
