//! Requirement 15 (FAPI 2.0 5.3.2.1-8, rfc7523bis): what an assertion must say, and nothing else is believed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Assertion, AssertionId, AssertionKey, AssertionRefusal};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example";

struct Signer {
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    fn key(&self, kid: Option<&str>) -> AssertionKey {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        AssertionKey::es256(kid.map(str::to_owned), &x, &y).unwrap()
    }

    fn sign(&self, header: &str, payload: &str) -> String {
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), text.as_bytes())
            .unwrap();
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut text);
        text
    }
}

fn good() -> Value {
    json!({
        "iss": "app", "sub": "app", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "nbf": NOW, "jti": "one", "extra": true,
    })
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1" })
}

fn read(text: &str, keys: &[AssertionKey]) -> Result<AssertionId, AssertionRefusal> {
    Assertion::read(text)?.check(keys, ISSUER, NOW)
}

/// Signs with the members replaced (`null` removes one) and compares.
fn check(header_changes: &Value, changes: &Value, expected: Result<(), AssertionRefusal>) {
    let signer = Signer::new();
    let apply = |mut all: Value, changes: &Value| {
        for (name, value) in changes.as_object().unwrap() {
            let members = all.as_object_mut().unwrap();
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        all.to_string()
    };
    let text = signer.sign(&apply(header(), header_changes), &apply(good(), changes));
    let keys = [signer.key(Some("k1")), Signer::new().key(Some("k2"))];
    assert_eq!(
        read(&text, &keys).map(drop),
        expected,
        "{header_changes} {changes}"
    );
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[test]
fn claims_of_an_assertion() {
    let (none, claim) = (json!({}), AssertionRefusal::Claim);
    let client = Err(AssertionRefusal::Client);
    let audience = Err(AssertionRefusal::Audience);
    check(&none, &none, Ok(()));
    check(&none, &json!({ "iat": null, "nbf": null }), Ok(()));
    check(&none, &json!({ "iss": "other" }), client);
    check(&none, &json!({ "iss": null }), client);
    check(&none, &json!({ "sub": "other" }), client);
    check(&none, &json!({ "sub": null }), Err(claim("sub")));
    check(&none, &json!({ "sub": ["app"] }), Err(claim("sub")));
    check(&none, &json!({ "aud": null }), audience);
    check(&none, &json!({ "aud": [ISSUER] }), audience);
    check(&none, &json!({ "aud": format!("{ISSUER}/") }), audience);
    let endpoint = format!("{ISSUER}/oauth/token");
    check(&none, &json!({ "aud": endpoint }), audience);
    check(&none, &json!({ "jti": null }), Err(claim("jti")));
    check(&none, &json!({ "jti": "" }), Err(claim("jti")));
    check(&none, &json!({ "jti": 1 }), Err(claim("jti")));
    check(&none, &json!({ "jti": "x".repeat(256) }), Ok(()));
    check(&none, &json!({ "jti": "x".repeat(257) }), Err(claim("jti")));
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[test]
fn an_assertion_lives_shortly() {
    let none = json!({});
    let claim = |name| Err(AssertionRefusal::Claim(name));
    check(&none, &json!({ "exp": null }), claim("exp"));
    check(&none, &json!({ "exp": "soon" }), claim("exp"));
    check(&none, &json!({ "exp": 1e300 }), claim("exp"));
    check(&none, &json!({ "exp": -1 }), claim("exp"));
    check(&none, &json!({ "exp": NOW + 1 }), Ok(()));
    let expired = Err(AssertionRefusal::Expired);
    check(&none, &json!({ "exp": NOW }), expired);
    check(&none, &json!({ "exp": NOW + 300 }), Ok(()));
    let life = Err(AssertionRefusal::Life);
    check(&none, &json!({ "exp": NOW + 301 }), life);
    check(&none, &json!({ "exp": u64::MAX }), life);
    for name in ["iat", "nbf"] {
        check(&none, &json!({ name: NOW + 10 }), Ok(()));
        let early = Err(AssertionRefusal::NotYet);
        check(&none, &json!({ name: NOW + 11 }), early);
        check(&none, &json!({ name: "now" }), claim(name));
    }
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[test]
fn the_header_names_a_registered_key_and_its_algorithm() {
    let none = json!({});
    let (algorithm, unknown) = (AssertionRefusal::Algorithm, AssertionRefusal::UnknownKey);
    for alg in ["none", "None", "HS256", "es256", "RS256", "EdDSA", ""] {
        check(&json!({ "alg": alg }), &none, Err(algorithm));
    }
    check(&json!({ "alg": null }), &none, Err(algorithm));
    check(&json!({ "kid": null }), &none, Err(unknown));
    check(&json!({ "kid": "k3" }), &none, Err(unknown));
    check(&json!({ "kid": 1 }), &none, Err(unknown));
    let signature = Err(AssertionRefusal::Signature);
    check(&json!({ "kid": "k2" }), &none, signature);
    for typ in ["JWT", "client-authentication+jwt"] {
        check(&json!({ "typ": typ }), &none, Ok(()));
    }
    let typ = Err(AssertionRefusal::Type);
    for other in ["at+jwt", "dpop+jwt", "logout+jwt", "vauban-int+jwt"] {
        check(&json!({ "typ": other }), &none, typ);
    }
    check(&json!({ "typ": 1 }), &none, typ);
    for name in ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip"] {
        let refused = Err(AssertionRefusal::Header);
        check(&json!({ name: false }), &none, refused);
    }
}

/// Requirement 15 (FAPI 2.0 §5.3.2.1, rfc7523bis).
#[test]
fn forms_that_have_a_second_reading() {
    let signer = Signer::new();
    let keys = [signer.key(None)];
    let alg = r#"{"alg":"ES256"}"#;
    let text = signer.sign(alg, &good().to_string());
    assert_eq!(
        read(&text, &keys),
        Ok(AssertionId {
            jti: "one".to_owned(),
            expires_at: NOW + 60,
        })
    );
    let (input, _) = text.rsplit_once('.').unwrap();
    let zero = format!("{input}.{}", URL_SAFE_NO_PAD.encode([0_u8; 64]));
    let signature = Err(AssertionRefusal::Signature);
    assert_eq!(read(&zero, &keys), signature);
    assert_eq!(read(&format!("{input}.AA"), &keys), signature);
    let twice = r#"{"sub":"app","sub":"app","iss":"app"}"#;
    for bad in [
        String::new(),
        "a.b".to_owned(),
        format!("{input}."),
        format!("{text}="),
        format!("{text}.{text}"),
        format!(" {text}"),
        signer.sign(alg, twice),
        signer.sign(alg, r#"["app","app"]"#),
        signer.sign(r#"{"alg":"none","alg":"ES256"}"#, &good().to_string()),
        signer.sign(alg, "{}x"),
    ] {
        assert_eq!(read(&bad, &keys), Err(AssertionRefusal::Malformed), "{bad}");
    }
    let long = signer.sign(alg, &json!({ "sub": "x".repeat(4096) }).to_string());
    assert_eq!(read(&long, &keys), Err(AssertionRefusal::TooLong));
    // Without a registered key nobody proves anything.
    assert_eq!(read(&text, &[]), Err(AssertionRefusal::UnknownKey));
}

#[test]
fn an_ed25519_key_is_good_for_eddsa_only() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let keys = [AssertionKey::ed25519(None, &x).unwrap()];
    let sign = |header: &str| {
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(good().to_string(), &mut text);
        let signature = pair.sign(text.as_bytes());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut text);
        text
    };
    assert!(read(&sign(r#"{"alg":"EdDSA"}"#), &keys).is_ok());
    let other = Err(AssertionRefusal::Algorithm);
    assert_eq!(read(&sign(r#"{"alg":"ES256"}"#), &keys), other);
}

#[test]
fn coordinates_that_make_no_key() {
    let (zero, short) = (
        URL_SAFE_NO_PAD.encode([0_u8; 32]),
        URL_SAFE_NO_PAD.encode([1_u8; 31]),
    );
    assert!(AssertionKey::es256(None, &zero, &zero).is_err());
    assert!(AssertionKey::es256(None, &short, &short).is_err());
    assert!(AssertionKey::ed25519(None, &short).is_err());
    assert!(AssertionKey::ed25519(None, "!").is_err());
}
