use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

use super::{
    Draft, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ForgeError, decode, encode, read_claim,
};

/// Vectors of RFC 4648 §10, without padding, and the two letters that differ from base64.
const VECTORS: &[(&[u8], &str)] = &[
    (b"", ""),
    (b"f", "Zg"),
    (b"fo", "Zm8"),
    (b"foo", "Zm9v"),
    (b"foob", "Zm9vYg"),
    (b"fooba", "Zm9vYmE"),
    (b"foobar", "Zm9vYmFy"),
    (&[0xfb, 0xff], "-_8"),
];

fn own_token() -> String {
    format!(
        "{}.{}.sig",
        encode(br#"{"alg":"ES256","kid":"k1"}"#),
        encode(br#"{"sub":"1001","exp":7,"sid":"s1"}"#)
    )
}

fn check(token: &str, header: &str, claims: &str, signature: &str) {
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| String::from_utf8(decode(part).unwrap()).unwrap();
    assert_eq!(
        (read(parts[0]).as_str(), read(parts[1]).as_str(), parts[2]),
        (header, claims, signature)
    );
}

#[test]
fn base64url_is_that_of_the_rfc() {
    for (bytes, text) in VECTORS {
        assert_eq!(&encode(bytes), text);
        assert_eq!(decode(text).as_deref(), Some(*bytes));
    }
    assert_eq!(decode("A"), None);
    assert_eq!(decode("a+b="), None);
}

#[test]
fn a_forged_token_differs_only_where_it_lies() {
    let draft = Draft::of(&own_token()).unwrap();
    check(
        &draft
            .clone()
            .header("alg", "none")
            .claim("sub", "1002")
            .unsigned(),
        r#"{"alg":"none","kid":"k1"}"#,
        r#"{"exp":7,"sid":"s1","sub":"1002"}"#,
        "",
    );
    check(
        &draft.claim("exp", "7").garbage(),
        r#"{"alg":"ES256","kid":"k1"}"#,
        r#"{"exp":"7","sid":"s1","sub":"1001"}"#,
        &encode(&[0x5a; 64]),
    );
}

#[test]
fn a_stolen_key_signs_truly() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let key = rcgen::KeyPair::try_from(pair.to_pkcs8v1().unwrap().as_ref()).unwrap();
    let token = Draft::of(&own_token())
        .unwrap()
        .signed(&key.serialize_pem())
        .unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())
        .verify(input.as_bytes(), &decode(signature).unwrap())
        .unwrap();
}

#[test]
fn what_cannot_be_forged_is_said() {
    assert_eq!(Draft::of("opaque").unwrap_err(), ForgeError::Unreadable);
    assert_eq!(
        Draft::of(&own_token())
            .unwrap()
            .signed("no key")
            .unwrap_err()
            .to_string(),
        "the stolen key cannot sign"
    );
}

#[test]
fn a_claim_is_read_without_trust() {
    assert_eq!(read_claim(&own_token(), "sid").as_deref(), Some("s1"));
    assert_eq!(read_claim(&own_token(), "exp"), None);
}
