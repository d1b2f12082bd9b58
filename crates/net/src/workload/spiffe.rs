//! SPIFFE ids: read from a certificate, and their trust domain.

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

const SCHEME: &str = "spiffe://";

/// The SPIFFE id of a certificate: its only URI name. More than one, or none, is no identity.
pub(crate) fn of_certificate(der: &[u8]) -> Option<String> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| {
        if let GeneralName::URI(uri) = name {
            Some(*uri)
        } else {
            None
        }
    });
    match (uris.next(), uris.next(), rest.is_empty()) {
        (Some(uri), None, true) if trust_domain(uri).is_some() => Some(uri.to_owned()),
        _ => None,
    }
}

/// From when until when a certificate is valid, in seconds since 1970.
pub(crate) fn validity(der: &[u8]) -> Option<(i64, i64)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some((
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    ))
}

/// The trust domain of a SPIFFE id.
pub(crate) fn trust_domain(spiffe: &str) -> Option<&str> {
    let (domain, path) = spiffe.strip_prefix(SCHEME)?.split_once('/')?;
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_')
    };
    (!domain.is_empty() && domain.bytes().all(plain) && !path.is_empty()).then_some(domain)
}

/// The SPIFFE id of the authority in the same trust domain.
pub(crate) fn authority_beside(spiffe: &str) -> Option<String> {
    trust_domain(spiffe).map(|domain| format!("{SCHEME}{domain}/line/authority"))
}

#[cfg(test)]
mod tests;
