//! Wycheproof's vectors for ES256, raw and as JWS. They run when `VAUBAN_CORPORA` names the folder with the corpora.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vauban_token::{JsonWebToken, SignatureLibrary as _};

use crate::ledger;

const LEDGER: &str = include_str!("../../../../conformance/wycheproof-jws/ledger.toml");

/// A suite of the corpora, if it is here.
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

/// Every group of a suite with each of its cases.
fn cases(suite: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let groups = suite["testGroups"].as_array().unwrap().iter();
    groups.flat_map(|group| {
        group["tests"]
            .as_array()
            .unwrap()
            .iter()
            .map(move |case| (group, case))
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn raw_signatures() {
    let Some(suite) = suite("ecdsa_secp256r1_sha256_p1363_test.json") else {
        return;
    };
    let mut count = 0;
    for (group, case) in cases(&suite) {
        let point = bytes(group["publicKey"]["uncompressed"].as_str().unwrap());
        let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        let set = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k", "x": coordinate(1), "y": coordinate(33),
        }]});
        let library = JsonWebToken::from_jwk_set(&set.to_string()).unwrap();
        let message = String::from_utf8(bytes(case["msg"].as_str().unwrap())).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(bytes(case["sig"].as_str().unwrap()));
        let verified = library.verify(&message, &signature, "k");
        assert_eq!(
            verified,
            case["result"] == "valid",
            "case {}: {}",
            case["tcId"],
            case["comment"]
        );
        count += 1;
    }
    assert_eq!(
        count,
        suite["numberOfTests"].as_u64().unwrap(),
        "every case was run"
    );
}

/// Keys of other kinds never enter a set, so nothing that they signed can be verified, valid or not.
#[test]
fn keys_of_other_algorithms_are_refused() {
    for (name, member, groups) in [
        ("ed25519_test.json", "publicKeyJwk", 78),
        ("rsa_pss_2048_sha256_mgf1_32_test.json", "publicKeyJwk", 1),
        ("rsa_signature_2048_sha256_test.json", "keyJwk", 3),
    ] {
        let Some(suite) = suite(name) else {
            return;
        };
        let mut count = 0;
        for group in suite["testGroups"].as_array().unwrap() {
            let mut key = group[member].clone();
            assert!(key.is_object(), "{name}");
            // As little as possible is wrong beside the kind of the key.
            key["kid"] = json!("k");
            key["use"] = json!("sig");
            for alg in [key["alg"].clone(), json!("ES256")] {
                key["alg"] = alg;
                let set = json!({ "keys": [key] }).to_string();
                JsonWebToken::from_jwk_set(&set).unwrap_err();
            }
            count += 1;
        }
        assert_eq!(count, groups, "{name}");
    }
    let Some(hmac) = suite("hmac_sha256_test.json") else {
        return;
    };
    for (_, case) in cases(&hmac) {
        let secret = URL_SAFE_NO_PAD.encode(bytes(case["key"].as_str().unwrap()));
        let key = json!({"kty": "oct", "k": secret, "kid": "k", "use": "sig", "alg": "HS256"});
        JsonWebToken::from_jwk_set(&json!({ "keys": [key] }).to_string()).unwrap_err();
    }
}

/// What the reader's signature decision says of a compact token.
fn verified(library: &JsonWebToken, token: &str) -> bool {
    let Some((input, signature)) = token.rsplit_once('.') else {
        return false;
    };
    let header = input
        .split_once('.')
        .filter(|(_, payload)| !payload.contains('.'))
        .map(|(header, _)| header);
    let header = header.and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    let Some(header) = header.and_then(|header| serde_json::from_slice::<Value>(&header).ok())
    else {
        return false;
    };
    let members = header
        .as_object()
        .unwrap()
        .keys()
        .all(|name| ["alg", "kid", "typ"].contains(&name.as_str()));
    members
        && header["alg"] == "ES256"
        && library.verify(input, signature, header["kid"].as_str().unwrap_or_default())
}

#[test]
fn json_web_signatures() {
    let tables = ledger::read(LEDGER);
    let named = |table: &str, key: &str| -> BTreeSet<String> {
        tables
            .iter()
            .filter(|(name, _)| name == table)
            .map(|(_, values)| values[key].clone())
            .collect()
    };
    let (out_of_profile, mut faulty) = (named("out_of_profile", "alg"), named("faulty", "id"));
    assert_eq!(faulty.len(), 8, "the ledger names eight faulty vectors");
    let Some(suite) = suite("json_web_signature_test.json") else {
        return;
    };
    let mut used = BTreeSet::new();
    for (group, case) in cases(&suite) {
        let key = group.get("public").unwrap_or(&group["private"]);
        let id = case["tcId"].to_string();
        let set = JsonWebToken::from_jwk_set(&json!({ "keys": [key] }).to_string());
        let Ok(library) = set else {
            let alg = key["alg"].as_str().unwrap_or_default().to_owned();
            assert!(
                out_of_profile.contains(&alg),
                "case {id}: a key for `{alg}` is refused and the ledger does not say why"
            );
            used.insert(alg);
            faulty.remove(&id);
            continue;
        };
        let accepted = verified(&library, case["jws"].as_str().unwrap());
        assert_eq!(
            accepted,
            case["result"] == "valid",
            "case {id}: {}",
            case["comment"]
        );
    }
    assert_eq!(used, out_of_profile, "a rule of the ledger settles no case");
    assert!(
        faulty.is_empty(),
        "faulty vectors {faulty:?} stand in no group that is out of profile"
    );
}
