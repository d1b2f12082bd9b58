use std::sync::Arc;

use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    SanType, SignatureAlgorithm,
};
use vauban_key::{Algorithm, SigningKey};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use super::{CERTIFICATE_SECONDS, CaError, InternalCa, Request, spiffe_path};

const NOW: u64 = 1_800_000_000;
const EDGE: &str = "spiffe://bank.internal/line/edge";

fn ca() -> InternalCa {
    let private = SigningKey::generate(Algorithm::Es256).unwrap();
    let key = SigningKey::from_private(Algorithm::Es256, &private).unwrap();
    let pem = InternalCa::create(&key, NOW).unwrap();
    InternalCa::new(&pem, Arc::new(key)).unwrap()
}

fn request(algorithm: &'static SignatureAlgorithm, names: &[&str]) -> String {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| SanType::URI((*name).try_into().unwrap()))
        .collect();
    params.serialize_request(&key).unwrap().pem().unwrap()
}

#[test]
fn a_certificate_says_the_given_identity_and_nothing_of_the_request() {
    let ca = ca();
    let wanted = Request::from_pem(&request(
        &PKCS_ECDSA_P256_SHA256,
        &["spiffe://bank.internal/line/authority"],
    ))
    .unwrap();
    let pem = ca.sign(&wanted, EDGE, NOW).unwrap();
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let (_, leaf) = X509Certificate::from_der(&block.contents).unwrap();
    let names = leaf
        .subject_alternative_name()
        .unwrap()
        .unwrap()
        .value
        .general_names
        .clone();
    assert_eq!(names, [GeneralName::URI(EDGE)]);
    let life = (
        leaf.validity().not_before.timestamp(),
        leaf.validity().not_after.timestamp(),
    );
    let now = i64::try_from(NOW).unwrap();
    assert_eq!(
        life,
        (now - 300, now + i64::try_from(CERTIFICATE_SECONDS).unwrap())
    );
    assert!(!leaf.is_ca());
    let usage = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && usage.client_auth && !usage.any);
    let key_usage = leaf.key_usage().unwrap().unwrap().value;
    assert!(key_usage.digital_signature() && !key_usage.key_cert_sign());
    let (_, root) = x509_parser::pem::parse_x509_pem(ca.pem().as_bytes()).unwrap();
    let (_, root) = X509Certificate::from_der(&root.contents).unwrap();
    leaf.verify_signature(Some(root.public_key())).unwrap();
    let constraints = root.basic_constraints().unwrap().unwrap().value;
    assert_eq!(
        (constraints.ca, constraints.path_len_constraint),
        (true, Some(0))
    );
    assert!(root.extensions().iter().all(|one| !matches!(
        one.parsed_extension(),
        ParsedExtension::UnsupportedExtension { .. }
    )));
}

#[test]
fn serial_numbers_differ_for_one_key() {
    let ca = ca();
    let wanted = Request::from_pem(&request(&PKCS_ECDSA_P256_SHA256, &[])).unwrap();
    assert_ne!(
        ca.sign(&wanted, EDGE, NOW).unwrap(),
        ca.sign(&wanted, EDGE, NOW).unwrap()
    );
}

#[test]
fn requests_with_other_keys_or_broken_signatures_are_refused() {
    let good = request(&PKCS_ECDSA_P256_SHA256, &[EDGE]);
    let (_, block) = x509_parser::pem::parse_x509_pem(good.as_bytes()).unwrap();
    let mut forged = block.contents;
    *forged.last_mut().unwrap() ^= 1;
    let forged = pem("CERTIFICATE REQUEST", &forged);
    for (text, expected) in [
        (request(&PKCS_ECDSA_P384_SHA384, &[]), CaError::KeyType),
        (request(&PKCS_ED25519, &[]), CaError::KeyType),
        (forged, CaError::Request),
        (String::new(), CaError::Request),
        (
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
                .to_owned(),
            CaError::Request,
        ),
    ] {
        assert_eq!(Request::from_pem(&text).unwrap_err(), expected, "{text}");
    }
    assert_eq!(
        CaError::KeyType.to_string(),
        "certificate request has a key that is not P-256"
    );
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn a_request_may_name_only_its_own_identity() {
    for (names, expected) in [
        (&[][..], Ok(())),
        (&[EDGE][..], Ok(())),
        (
            &["spiffe://bank.internal/line/authority"][..],
            Err(CaError::OtherIdentity),
        ),
        (
            &[EDGE, "spiffe://bank.internal/line/authority"][..],
            Err(CaError::OtherIdentity),
        ),
    ] {
        let wanted = Request::from_pem(&request(&PKCS_ECDSA_P256_SHA256, names)).unwrap();
        assert_eq!(wanted.names_only(EDGE), expected, "{names:?}");
    }
}

#[test]
fn only_plain_spiffe_ids_are_signed() {
    for (text, path) in [
        (EDGE, Some("line/edge")),
        (
            "spiffe://bank.internal/guard/accounts",
            Some("guard/accounts"),
        ),
        ("spiffe://bank.internal", None),
        ("spiffe://bank.internal/", None),
        ("spiffe://bank.internal//edge", None),
        ("spiffe://bank.internal/line/edge/", None),
        ("spiffe://bank.internal/line/../edge", None),
        ("spiffe://bank.internal/line/Edge", None),
        ("spiffe://bank internal/line/edge", None),
        ("https://bank.internal/line/edge", None),
        ("spiffe:///line/edge", None),
        ("", None),
    ] {
        assert_eq!(spiffe_path(text), path, "{text}");
        if path.is_none() {
            assert_eq!(ca().identity(text, NOW).unwrap_err(), CaError::Spiffe);
        }
    }
}
