//! Examples of RFCs and Wycheproof's vectors through the guard's library.
//!
//! Wycheproof runs when `VAUBAN_CORPORA` names the folder with the corpora.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::Signature;
use jwt_simple::algorithms::{Ed25519PublicKey, EdDSAPublicKeyLike as _};
use serde_json::Value;

/// RFC 8037, appendix A.2: the public key of all its examples.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// The signature decision, as the library makes it inside `verify_token`: its own import of the key, which refuses weak ones,
/// then its own verification.
fn verified(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (
        Ed25519PublicKey::from_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.public_key()
        .as_ref()
        .verify(message, &signature)
        .is_ok()
}

#[test]
fn rfc_8037_a_4_verifies_and_nothing_beside_it_does() {
    let key = URL_SAFE_NO_PAD.decode(X).unwrap();
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = URL_SAFE_NO_PAD
        .decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
        .unwrap();
    assert!(verified(&key, input, &signature));
    for at in 0..64 {
        let mut other = signature.clone();
        other[at] ^= 1;
        assert!(!verified(&key, input, &other), "byte {at}");
    }
    assert!(!verified(&key, &input[1..], &signature));
}

/// RFC 8037, appendix A.3.
#[test]
fn the_thumbprint_is_that_of_rfc_8037() {
    let key = Ed25519PublicKey::from_bytes(&URL_SAFE_NO_PAD.decode(X).unwrap()).unwrap();
    assert_eq!(
        key.jwk_thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the place of the corpora is a matter of the machine that tests"
)]
fn suite(name: &str) -> Option<Value> {
    let text = std::env::var("VAUBAN_CORPORA").ok().and_then(|folder| {
        std::fs::read_to_string(PathBuf::from(folder).join("wycheproof").join(name)).ok()
    });
    if text.is_none() {
        println!("not run: `VAUBAN_CORPORA` holds no `wycheproof/{name}`");
    }
    text.map(|text| serde_json::from_str(&text).unwrap())
}

fn bytes(hex: &Value) -> Vec<u8> {
    hex.as_str()
        .unwrap()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn wycheproof_ed25519() {
    let Some(suite) = suite("ed25519_test.json") else {
        return;
    };
    let mut count = 0;
    for group in suite["testGroups"].as_array().unwrap() {
        let key = bytes(&group["publicKey"]["pk"]);
        for case in group["tests"].as_array().unwrap() {
            let verified = verified(&key, &bytes(&case["msg"]), &bytes(&case["sig"]));
            assert_eq!(
                verified,
                case["result"] == "valid",
                "case {}: {}",
                case["tcId"],
                case["comment"]
            );
            count += 1;
        }
    }
    assert_eq!(
        count,
        suite["numberOfTests"].as_u64().unwrap(),
        "every case was run"
    );
}
