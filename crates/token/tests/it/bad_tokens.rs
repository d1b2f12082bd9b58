//! The table of bad tokens against the edge's reader, with real keys: requirements 26 to 32.
//!
//! The guard holds its own reader against the same table in `crates/guard/tests/it/bad_tokens.rs`.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use vauban_testkit::tokens::{
    Hand, MakeError, Names, Order, Row, TokenProfile, Verdict, damaged, make, table,
};
use vauban_token::{
    Claims, Es256Key, JsonWebToken, Profile, SignatureLibrary, Signer as _, TokenRefusal, Verifier,
};

#[path = "../../../../fuzz/checks/token_edge.rs"]
mod fuzz;

const NOW: u64 = 1_800_000_000;
const LIFE: u32 = 900;
const ISSUER: &str = "https://authority.example/api";
const AUDIENCE: &str = "https://api.example";
/// The order of P-256 (FIPS 186-5 refers to SP 800-186, section 3.2.1.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A library that agrees to every signature of the one key: what is refused then, our own reading refused.
#[derive(Debug)]
struct Liar(String);

impl SignatureLibrary for Liar {
    fn verify(&self, _: &str, _: &str, _: &str) -> bool {
        true
    }

    fn knows(&self, kid: &str) -> bool {
        self.0 == kid
    }
}

struct Edge {
    key: Es256Key,
    stranger: Es256Key,
}

impl Edge {
    fn new() -> Self {
        Self {
            key: Es256Key::generate().unwrap(),
            stranger: Es256Key::generate().unwrap(),
        }
    }

    fn sign(&self, hand: Hand, input: &[u8]) -> Vec<u8> {
        let mac = |algorithm| {
            let secret = self.key.jwk().to_string();
            hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), input)
                .as_ref()
                .to_vec()
        };
        match hand {
            Hand::Own => self.key.sign(input).unwrap(),
            Hand::Stranger => self.stranger.sign(input).unwrap(),
            Hand::Hs256 => mac(hmac::HMAC_SHA256),
            Hand::Hs512 => mac(hmac::HMAC_SHA512),
        }
    }

    fn make(&self, steps: &[String]) -> Result<String, MakeError> {
        let text = |text: &str| format!("{text:?}");
        let sign = |hand: Hand, input: &[u8]| self.sign(hand, input);
        let profile = TokenProfile {
            header: vec![
                ("alg", text("ES256")),
                ("typ", text("at+jwt")),
                ("kid", text(self.key.kid())),
            ],
            payload: vec![
                ("iss", text(ISSUER)),
                ("sub", text("1001")),
                ("aud", text(AUDIENCE)),
                ("exp", (NOW + u64::from(LIFE)).to_string()),
                ("iat", NOW.to_string()),
                ("jti", text("4f1c2a6e9b0d47d8")),
                ("client_id", text("bank-web")),
                ("sid", text("s-7Qm2Zr")),
                ("tenant", text("north")),
                ("roles", r#"["user"]"#.to_owned()),
                ("scope", text("read:profile read:accounts")),
            ],
            now: NOW,
            life: u64::from(LIFE),
            names: Names {
                alg: "ES256",
                typ: "at+jwt",
                kid: self.key.kid().to_owned(),
                jwk: self.key.jwk().to_string(),
                stranger_kid: self.stranger.kid().to_owned(),
                stranger_jwk: self.stranger.jwk().to_string(),
                issuer: ISSUER.to_owned(),
                other_issuer: format!("{ISSUER}/internal"),
                audience: AUDIENCE.to_owned(),
            },
            order: Order::Big(ORDER),
            sign: &sign,
        };
        make(&profile, steps)
    }

    fn read(library: Arc<dyn SignatureLibrary>, token: &str) -> Result<Claims, TokenRefusal> {
        let profile = Profile {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            life_seconds_max: LIFE,
        };
        Verifier::new(profile, library).read(token, NOW)
    }

    /// What the shipped reader says, and what it says when its library agrees to everything; `accepted` or the refusal.
    fn says(&self, token: &str) -> [String; 2] {
        let set = json!({ "keys": [self.key.jwk()] }).to_string();
        let shipped: Arc<dyn SignatureLibrary> =
            Arc::new(JsonWebToken::from_jwk_set(&set).unwrap());
        let liar: Arc<dyn SignatureLibrary> = Arc::new(Liar(self.key.kid().to_owned()));
        [shipped, liar].map(|library| match Self::read(library, token) {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => refusal.to_string(),
        })
    }

    /// Where the reader is not as the row says.
    fn judge(&self, row: &Row) -> Option<String> {
        let made = self.make(&row.make);
        let (said, expected) = match (&row.edge, made) {
            (Verdict::Lacks(_), Err(MakeError::Lacks(_))) => return None,
            (_, Err(error)) => return Some(error.to_string()),
            (Verdict::Lacks(_), Ok(_)) => return Some("the profile has it".to_owned()),
            (Verdict::Accepts(_), Ok(token)) => (self.says(&token), ["accepted"; 2]),
            (Verdict::Refuses(words), Ok(token)) if row.only_library => {
                (self.says(&token), [words.as_str(), "accepted"])
            }
            (Verdict::Refuses(words), Ok(token)) => (self.says(&token), [words.as_str(); 2]),
        };
        (said != expected).then(|| format!("says {said:?}, not {expected:?}"))
    }
}

fn check(rows: &[Row]) {
    let edge = Edge::new();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("`{}`: {}", row.id, edge.judge(row)?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_good_token_is_accepted() {
    check(&table().unwrap().good);
}

#[test]
fn every_bad_token_is_refused_with_its_words() {
    let bad = table().unwrap().bad;
    let refused = bad
        .iter()
        .filter(|row| matches!(row.edge, Verdict::Refuses(_)));
    assert!(refused.count() >= 120, "the table is smaller than it was");
    check(&bad);
}

/// Each token of the table, and damaged forms of its header, its payload and the whole, through the check that the fuzz target
/// `token_edge` runs for longer.
#[test]
fn no_damaged_token_is_read_otherwise_than_it_was_written() {
    let edge = Edge::new();
    let table = table().unwrap();
    let mut checked = 0;
    for row in table.good.iter().chain(&table.bad) {
        let Ok(token) = edge.make(&row.make) else {
            continue;
        };
        fuzz::check(token.as_bytes());
        if token.len() > 4096 {
            continue;
        }
        let decoded = |part: Option<&str>| URL_SAFE_NO_PAD.decode(part.unwrap_or_default());
        let mut parts = token.split('.');
        if let (Ok(header), Ok(payload)) = (decoded(parts.next()), decoded(parts.next())) {
            for payload in damaged(&payload) {
                fuzz::check(&[header.as_slice(), b"\n", &payload].concat());
            }
            for header in damaged(&header) {
                fuzz::check(&[header.as_slice(), b"\n", &payload].concat());
            }
        }
        for token in damaged(token.as_bytes()) {
            fuzz::check(&token);
        }
        checked += 96;
    }
    assert!(checked > 10_000, "{checked}");
}
