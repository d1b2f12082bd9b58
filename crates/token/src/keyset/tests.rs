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

fn check(name: &str, keys: &[Value], expected: KeySetError) {
    let set = json!({ "keys": keys }).to_string();
    assert_eq!(
        JsonWebToken::from_jwk_set(&set).err(),
        Some(expected),
        "case `{name}`"
    );
}

#[test]
fn every_set_of_a_wrong_size_is_refused() {
    let many: Vec<Value> = (0..17).map(|_| jwk()).collect();
    let twice = jwk();
    check("empty", &[], KeySetError::Count);
    check("too many", &many, KeySetError::Count);
    check(
        "one kid twice",
        &[twice.clone(), twice],
        KeySetError::Duplicate,
    );
    check(
        "a good one before a bad one",
        &[jwk(), with("use", json!("enc"))],
        KeySetError::Kind,
    );
}

#[test]
fn every_key_that_is_not_a_public_es256_key_refuses_the_set() {
    let oct = json!({"kty": "oct", "k": "AA", "kid": "a", "alg": "HS256"});
    check(
        "private member",
        &[with("d", json!("AA"))],
        KeySetError::Malformed,
    );
    check("symmetric", &[oct], KeySetError::Malformed);
    check(
        "for encryption",
        &[with("use", json!("enc"))],
        KeySetError::Kind,
    );
    check(
        "other algorithm",
        &[with("alg", json!("ES384"))],
        KeySetError::Kind,
    );
    check(
        "other curve",
        &[with("crv", json!("P-384"))],
        KeySetError::Kind,
    );
    check(
        "other kind",
        &[with("kty", json!("OKP"))],
        KeySetError::Kind,
    );
    check("empty kid", &[with("kid", json!(""))], KeySetError::Kind);
    check(
        "long kid",
        &[with("kid", json!("k".repeat(129)))],
        KeySetError::Kind,
    );
    check("no kid", &[without("kid")], KeySetError::Malformed);
    check("no use", &[without("use")], KeySetError::Malformed);
    check(
        "short coordinate",
        &[with("x", json!("AA"))],
        KeySetError::Point,
    );
    check(
        "no point of the curve",
        &[with("x", json!("A".repeat(43)))],
        KeySetError::Point,
    );
    check(
        "not base64url",
        &[with("x", json!("!"))],
        KeySetError::Point,
    );
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
