use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{SigningError, SigningKey, thumbprint};
use crate::{Algorithm, open, seal};

fn verifies(key: &SigningKey, input: &[u8], signature: &[u8]) -> bool {
    match key.algorithm() {
        Algorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public())
            .verify(input, signature)
            .is_ok(),
        Algorithm::Ed25519 => UnparsedPublicKey::new(&ED25519, key.public())
            .verify(input, signature)
            .is_ok(),
    }
}

#[test]
fn a_key_signs_the_same_after_it_was_encrypted_and_opened() {
    for (algorithm, other) in [
        (Algorithm::Es256, Algorithm::Ed25519),
        (Algorithm::Ed25519, Algorithm::Es256),
    ] {
        let made = SigningKey::generate(algorithm).unwrap();
        let key = SigningKey::from_private(algorithm, &made).unwrap();
        let sealed = seal(made.expose_der(), b"0123456789abcdef0123").unwrap();
        let opened = open(&sealed, Some(b"0123456789abcdef0123")).unwrap();
        let again = SigningKey::from_private(algorithm, &opened).unwrap();
        assert_eq!((key.kid(), key.public()), (again.kid(), again.public()));
        let signature = again.sign(b"text").unwrap();
        assert!(verifies(&key, b"text", &signature));
        assert!(!verifies(&key, b"other", &signature));
        assert_eq!(
            SigningKey::from_private(other, &made).unwrap_err(),
            SigningError::Kind(other)
        );
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey {{ kid: {:?}, .. }}", key.kid())
        );
    }
}

#[test]
fn the_name_of_a_key_is_its_thumbprint() {
    // RFC 8037, appendix A.3.
    let x = URL_SAFE_NO_PAD
        .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        .unwrap();
    assert_eq!(
        thumbprint(Algorithm::Ed25519, &x).as_deref(),
        Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    );
    assert_eq!(thumbprint(Algorithm::Es256, &x), None);
    assert_eq!(thumbprint(Algorithm::Ed25519, &[4; 65]), None);
    // A compressed point is not what we name keys by.
    assert_eq!(thumbprint(Algorithm::Es256, &[2; 33]), None);
}
