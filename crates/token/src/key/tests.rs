use super::*;

#[test]
fn a_key_survives_its_pem() {
    let key = Es256Key::generate().unwrap();
    let again = Es256Key::from_pem(&key.to_pem().unwrap()).unwrap();
    assert_eq!(key.kid(), again.kid());
    assert_eq!(key.jwk(), again.jwk());
    assert_ne!(key.kid(), Es256Key::generate().unwrap().kid());
}

#[test]
fn debug_shows_nothing_but_the_public_name() {
    let key = Es256Key::generate().unwrap();
    assert_eq!(
        format!("{key:?}"),
        format!("Es256Key {{ kid: {:?}, .. }}", key.kid())
    );
}

#[test]
fn what_is_no_p256_key_is_refused() {
    let key = Es256Key::generate().unwrap();
    let pem = key.to_pem().unwrap();
    let cases = [
        ("empty", String::new(), KeyError::Pem),
        (
            "other block",
            pem.replace("PRIVATE KEY", "EC PRIVATE KEY"),
            KeyError::Pem,
        ),
        ("not base64", pem.replace("MI", "!!"), KeyError::Pem),
        (
            "cut",
            format!("{PEM_BEGIN}\nMIGHAgEA\n{PEM_END}"),
            KeyError::Kind,
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(
            Es256Key::from_pem(&text).err(),
            Some(expected),
            "case `{name}`"
        );
    }
}

/// Case 18 of Wycheproof's JWS vectors: a signature made by somebody else's code verifies here.
#[test]
fn a_foreign_vector_verifies() {
    use crate::{JsonWebToken, SignatureLibrary as _};
    let set = serde_json::json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "kid-ec-sign",
        "x": "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY",
        "y": "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw",
    }]});
    let library = JsonWebToken::from_jwk_set(&set.to_string()).unwrap();
    let input = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0.Zm9v";
    let signature =
        "5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA";
    assert!(library.verify(input, signature, "kid-ec-sign"));
    assert!(!library.verify(input, &signature.replacen('5', "X", 1), "kid-ec-sign"));
}
