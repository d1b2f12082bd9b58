//! The table of bad tokens against the guard's reader, with real keys: requirements 26 to 32.
//!
//! The edge holds its own reader against the same table in `crates/token/tests/it/bad_tokens.rs`.

use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use vauban_guard::{
    Answering, Expected, InternalReader, JwtSimple, KeyError, KeySource, LibraryRefusal, Presented,
    PublicKey, ReadInternal as _, VerifySignature,
};
use vauban_testkit::tokens::{
    Hand, MakeError, Names, Order, Row, TokenProfile, Verdict, damaged, make, table,
};

#[path = "../../../../fuzz/checks/token_guard.rs"]
mod fuzz;

const NOW: u64 = 1_800_000_000;
const LIFE: u64 = 60;
const ISSUER: &str = "https://authority.example/api/internal";
const AUDIENCE: &str = "accounts";
const KID: &str = "key-b";
/// The order of the base point (RFC 8032, section 5.1), least byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// A library that agrees to everything: what is refused then, our own reading refused.
#[derive(Debug)]
struct Liar;

impl VerifySignature for Liar {
    fn verify(&self, _: &str, _: &PublicKey, _: &Expected<'_>) -> Result<(), LibraryRefusal> {
        Ok(())
    }
}

#[derive(Debug)]
struct OneKey(PublicKey);

impl KeySource for OneKey {
    fn find<'a>(&'a self, kid: &'a str) -> Answering<'a, Result<Option<PublicKey>, KeyError>> {
        Box::pin(async move { Ok((kid == self.0.kid).then(|| self.0.clone())) })
    }
}

struct Guard {
    key: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
}

fn jwk(kid: &str, key: &Ed25519KeyPair) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.public_key());
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
}

impl Guard {
    fn new() -> Self {
        Self {
            key: Ed25519KeyPair::generate().unwrap(),
            stranger: Ed25519KeyPair::generate().unwrap(),
        }
    }

    fn sign(&self, hand: Hand, input: &[u8]) -> Vec<u8> {
        let mac = |algorithm| {
            let secret = jwk(KID, &self.key);
            hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), input)
                .as_ref()
                .to_vec()
        };
        match hand {
            Hand::Own => self.key.sign(input).as_ref().to_vec(),
            Hand::Stranger => self.stranger.sign(input).as_ref().to_vec(),
            Hand::Hs256 => mac(hmac::HMAC_SHA256),
            Hand::Hs512 => mac(hmac::HMAC_SHA512),
        }
    }

    fn make(&self, steps: &[String]) -> Result<String, MakeError> {
        let text = |text: &str| format!("{text:?}");
        let sign = |hand: Hand, input: &[u8]| self.sign(hand, input);
        let profile = TokenProfile {
            header: vec![
                ("alg", text("EdDSA")),
                ("typ", text("vauban-int+jwt")),
                ("kid", text(KID)),
            ],
            payload: vec![
                ("iss", text(ISSUER)),
                ("sub", text("1001")),
                ("aud", text(AUDIENCE)),
                ("exp", (NOW + LIFE).to_string()),
                ("iat", NOW.to_string()),
                ("jti", text("4f1c2a6e9b0d47d8")),
                ("sid", text("s-7Qm2Zr")),
                ("client_id", text("bank-web")),
                ("tenant", text("north")),
                ("roles", r#"["user"]"#.to_owned()),
                (
                    "permissions",
                    r#"["read:profile","read:accounts"]"#.to_owned(),
                ),
            ],
            now: NOW,
            life: LIFE,
            names: Names {
                alg: "EdDSA",
                typ: "vauban-int+jwt",
                kid: KID.to_owned(),
                jwk: jwk(KID, &self.key),
                stranger_kid: "key-z".to_owned(),
                stranger_jwk: jwk("key-z", &self.stranger),
                issuer: ISSUER.to_owned(),
                other_issuer: "https://authority.example/api".to_owned(),
                audience: AUDIENCE.to_owned(),
            },
            order: Order::Little(ORDER),
            sign: &sign,
        };
        make(&profile, steps)
    }

    async fn read(&self, token: &str, library: &dyn VerifySignature) -> String {
        let key = PublicKey {
            kid: KID.to_owned(),
            bytes: self.key.public_key().as_ref().try_into().unwrap(),
        };
        let reader = InternalReader::new(
            ISSUER.to_owned(),
            AUDIENCE.to_owned(),
            Arc::new(OneKey(key)),
        );
        let headers = HeaderMap::new();
        let presented = Presented {
            token: Some(token),
            headers: &headers,
            peer: None,
            operation: "readProfile",
            target: "/",
            now_unix_s: NOW,
        };
        match reader.read(presented, library).await {
            Ok(_) => "accepted".to_owned(),
            Err(refusal) => refusal.to_string(),
        }
    }

    /// What the shipped reader says, and what it says when its library agrees to everything; `accepted` or the refusal.
    async fn says(&self, token: &str) -> [String; 2] {
        [
            self.read(token, &JwtSimple).await,
            self.read(token, &Liar).await,
        ]
    }

    /// Where the reader is not as the row says.
    async fn judge(&self, row: &Row) -> Option<String> {
        let made = self.make(&row.make);
        let (said, expected) = match (&row.guard, made) {
            (Verdict::Lacks(_), Err(MakeError::Lacks(_))) => return None,
            (_, Err(error)) => return Some(error.to_string()),
            (Verdict::Lacks(_), Ok(_)) => return Some("the profile has it".to_owned()),
            (Verdict::Accepts(_), Ok(token)) => (self.says(&token).await, ["accepted"; 2]),
            (Verdict::Refuses(words), Ok(token)) if row.only_library => {
                (self.says(&token).await, [words.as_str(), "accepted"])
            }
            (Verdict::Refuses(words), Ok(token)) => (self.says(&token).await, [words.as_str(); 2]),
        };
        (said != expected).then(|| format!("says {said:?}, not {expected:?}"))
    }
}

async fn check(rows: &[Row]) {
    let guard = Guard::new();
    let mut wrong = Vec::new();
    for row in rows {
        if let Some(why) = guard.judge(row).await {
            wrong.push(format!("`{}`: {why}", row.id));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn every_good_token_is_accepted() {
    check(&table().unwrap().good).await;
}

#[tokio::test]
async fn every_bad_token_is_refused_with_its_words() {
    let bad = table().unwrap().bad;
    let refused = bad
        .iter()
        .filter(|row| matches!(row.guard, Verdict::Refuses(_)));
    assert!(refused.count() >= 120, "the table is smaller than it was");
    check(&bad).await;
}

/// Each token of the table, and damaged forms of its header, its payload and the whole, through the check that the fuzz target
/// `token_guard` runs for longer.
#[test]
fn no_damaged_token_is_read_otherwise_than_it_was_written() {
    let guard = Guard::new();
    let table = table().unwrap();
    let mut checked = 0;
    for row in table.good.iter().chain(&table.bad) {
        let Ok(token) = guard.make(&row.make) else {
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
