use std::slice;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vauban_policy::{Plan, TextFile, load};
use vauban_token::{Assertion, AssertionRefusal};

use super::{ClientKeys, once_hash};
use crate::OPENAPI;

const PLAN: &str = include_str!("../../../tests/data/plan.yaml");
const SERVICE: &str = include_str!("../../../tests/data/service.yaml");

fn plan(x: &str, y: &str) -> Plan {
    let main = TextFile {
        name: "plan.yaml".to_owned(),
        text: PLAN.replace("ROBOT_X", x).replace("ROBOT_Y", y),
    };
    let mut read = |name: &str| match name {
        "accounts.yaml" => Ok(SERVICE
            .replace("PATH", "accounts")
            .replace("OPERATION", "listAccounts")),
        "ledger.yaml" => Ok(SERVICE
            .replace("PATH", "ledger")
            .replace("OPERATION", "readLedger")),
        _ => Ok(String::new()),
    };
    load(&main, &mut read, &[("authority", OPENAPI)]).unwrap()
}

fn signed(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = format!(r#"{{"alg":"{alg}"}}"#);
    let mut text = URL_SAFE_NO_PAD.encode(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(r#"{"sub":"nobody"}"#, &mut text);
    let signature = sign(text.as_bytes());
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    text
}

#[test]
fn an_assertion_of_nobody_costs_a_signature_too() {
    let (x, y) = super::DECOY_ES256;
    let keys = ClientKeys::of(&plan(x, y)).unwrap();
    let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let texts = [
        signed("ES256", |input| {
            let signature = ecdsa.sign(&SystemRandom::new(), input).unwrap();
            signature.as_ref().to_vec()
        }),
        signed("EdDSA", |input| ed25519.sign(input).as_ref().to_vec()),
    ];
    for (at, text) in texts.iter().enumerate() {
        let assertion = Assertion::read(text).unwrap();
        let check = |decoy| assertion.check(slice::from_ref(decoy), "issuer", 0);
        let found = keys.decoys.each_ref().map(check);
        let mut expected = [
            Err(AssertionRefusal::Algorithm),
            Err(AssertionRefusal::Algorithm),
        ];
        expected[at] = Err(AssertionRefusal::Signature);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_key_that_is_no_point_stops_the_start_and_names_its_client() {
    let zero = URL_SAFE_NO_PAD.encode([0_u8; 32]);
    let error = ClientKeys::of(&plan(&zero, &zero)).unwrap_err();
    assert!(error.to_string().contains("client `robot`"), "{error}");
}

#[test]
fn the_same_jti_of_two_clients_is_two() {
    assert_ne!(once_hash("a", "b"), once_hash("ab", ""));
    assert_ne!(once_hash("a", "x"), once_hash("b", "x"));
    assert_eq!(once_hash("a", "x"), once_hash("a", "x"));
}
