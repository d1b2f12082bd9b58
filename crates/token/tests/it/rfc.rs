//! Examples of RFCs through the edge's library and this crate's own thumbprints.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::{Value, json};
use vauban_token::{Es256Key, JsonWebToken, SignatureLibrary as _, Signer as _};

/// RFC 7515, appendix A.3: the key, the signing input and the signature.
const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const A3_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const A3_INPUT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A3_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

fn a3_library() -> JsonWebToken {
    let set = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "a3", "x": A3_X, "y": A3_Y,
    }]});
    JsonWebToken::from_jwk_set(&set.to_string()).unwrap()
}

/// The private key of the appendix as PKCS#8 (RFC 5208, with the key of RFC 5915 inside).
fn a3_pem() -> String {
    let mut der = vec![
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30,
        0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    der.extend(URL_SAFE_NO_PAD.decode(A3_D).unwrap());
    der.extend([0xa1, 0x44, 0x03, 0x42, 0x00, 0x04]);
    der.extend(URL_SAFE_NO_PAD.decode(A3_X).unwrap());
    der.extend(URL_SAFE_NO_PAD.decode(A3_Y).unwrap());
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    )
}

#[test]
fn rfc_7515_a_3_verifies_and_nothing_beside_it_does() {
    let library = a3_library();
    assert!(library.verify(A3_INPUT, A3_SIGNATURE, "a3"));
    assert!(!library.verify(A3_INPUT, A3_SIGNATURE, "a4"), "another key");
    let other = A3_INPUT.replace("eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJub25lIn0");
    assert!(
        !library.verify(&other, A3_SIGNATURE, "a3"),
        "another header"
    );
    let other = A3_SIGNATURE.replacen('D', "E", 1);
    assert!(!library.verify(A3_INPUT, &other, "a3"), "another signature");
}

#[test]
fn what_the_key_of_rfc_7515_a_3_signs_verifies_under_its_public_half() {
    let key = Es256Key::from_pem(&a3_pem()).unwrap();
    assert_eq!(
        (&key.jwk()["x"], &key.jwk()["y"]),
        (&json!(A3_X), &json!(A3_Y))
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(A3_INPUT.as_bytes()).unwrap());
    assert!(a3_library().verify(A3_INPUT, &signature, "a3"));
}

fn thumbprint(jwk: Value) -> String {
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    jwk.thumbprint(ThumbprintHash::SHA256).unwrap()
}

/// RFC 7638 has one example, of RSA; RFC 9449 has one of P-256. The library that computes both names our own keys as we do.
#[test]
fn thumbprints_are_those_of_rfc_7638() {
    let rsa = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    });
    assert_eq!(
        thumbprint(rsa),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    let ec = json!({
        "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });
    assert_eq!(
        thumbprint(ec),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    for key in [
        Es256Key::from_pem(&a3_pem()).unwrap(),
        Es256Key::generate().unwrap(),
    ] {
        assert_eq!(key.kid(), thumbprint(key.jwk()));
    }
}
