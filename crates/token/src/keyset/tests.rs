use serde_json::{Value, json};

use super::*;
use crate::{Es256Key, Signer as _};

fn jwk() -> Value {
    Es256Key::generate().unwrap().jwk()
}

fn with(member: &str, value: Value) -> Value {
    let mut jwk = jwk();
    jwk[member] = value;
    jwk
}

fn without(member: &str) -> Value {
    let mut jwk = jwk();
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

#[test]
fn every_key_that_is_not_a_public_es256_key_refuses_the_set() {
    let twice = jwk();
    let cases: Vec<(&str, Vec<Value>, KeySetError)> = vec![
        ("empty", vec![], KeySetError::Count),
        (
            "too many",
            (0..17).map(|_| jwk()).collect(),
            KeySetError::Count,
        ),
        (
            "one kid twice",
            vec![twice.clone(), twice],
            KeySetError::Duplicate,
        ),
        (
            "private member",
            vec![with("d", json!("AA"))],
            KeySetError::Malformed,
        ),
        (
            "symmetric",
            vec![json!({"kty":"oct","k":"AA","kid":"a","alg":"HS256"})],
            KeySetError::Malformed,
        ),
        (
            "for encryption",
            vec![with("use", json!("enc"))],
            KeySetError::Kind,
        ),
        (
            "other algorithm",
            vec![with("alg", json!("ES384"))],
            KeySetError::Kind,
        ),
        (
            "other curve",
            vec![with("crv", json!("P-384"))],
            KeySetError::Kind,
        ),
        (
            "other kind",
            vec![with("kty", json!("OKP"))],
            KeySetError::Kind,
        ),
        ("empty kid", vec![with("kid", json!(""))], KeySetError::Kind),
        (
            "long kid",
            vec![with("kid", json!("k".repeat(129)))],
            KeySetError::Kind,
        ),
        ("no kid", vec![without("kid")], KeySetError::Malformed),
        ("no use", vec![without("use")], KeySetError::Malformed),
        (
            "short coordinate",
            vec![with("x", json!("AA"))],
            KeySetError::Point,
        ),
        (
            "no point of the curve",
            vec![with("x", json!("A".repeat(43)))],
            KeySetError::Point,
        ),
        (
            "not base64url",
            vec![with("x", json!("!"))],
            KeySetError::Point,
        ),
        (
            "a good one before a bad one",
            vec![jwk(), with("use", json!("enc"))],
            KeySetError::Kind,
        ),
    ];
    for (name, keys, expected) in cases {
        let set = json!({ "keys": keys }).to_string();
        assert_eq!(
            JsonWebToken::from_jwk_set(&set).err(),
            Some(expected),
            "case `{name}`"
        );
    }
}

#[test]
fn a_text_that_is_no_set_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        &" ".repeat(SET_BYTES_MAX + 1),
    ] {
        assert_eq!(
            JsonWebToken::from_jwk_set(text).err(),
            Some(KeySetError::Malformed)
        );
    }
}

#[test]
fn each_key_verifies_only_its_own_signatures() {
    let (one, two) = (Es256Key::generate().unwrap(), Es256Key::generate().unwrap());
    let set = json!({ "keys": [one.jwk(), two.jwk()] }).to_string();
    let library = JsonWebToken::from_jwk_set(&set).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(one.sign(b"a.b").unwrap());
    assert!(library.knows(one.kid()));
    assert!(library.verify("a.b", &signature, one.kid()));
    assert!(!library.verify("a.c", &signature, one.kid()));
    assert!(!library.verify("a.b", &signature, two.kid()));
    assert!(!library.verify("a.b", &signature, "unknown"));
    assert!(!library.knows("unknown"));
    assert!(!JsonWebToken::default().verify("a.b", &signature, one.kid()));
}
