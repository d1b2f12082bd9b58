use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;

use super::{InternalReader, JwtSimple, KeySource, keys};
use crate::parts::{
    Answering, Claims, Expected, InternalRefusal, KeyError, LibraryRefusal, Presented, PublicKey,
    ReadInternal as _, VerifySignature,
};

/// The agreement with the authority. Changing it without changing this reader fails here.
const DOCUMENT: &str = include_str!("../../../../docs/internal-token.md");

/// The one key of the document.
#[derive(Debug)]
struct OneKey(PublicKey);

impl KeySource for OneKey {
    fn find<'a>(&'a self, kid: &'a str) -> Answering<'a, Result<Option<PublicKey>, KeyError>> {
        Box::pin(async move { Ok((kid == self.0.kid).then(|| self.0.clone())) })
    }
}

/// A library that accepts everything: what is refused then, our own reading refused.
#[derive(Debug)]
struct Liar;

impl VerifySignature for Liar {
    fn verify(&self, _: &str, _: &PublicKey, _: &Expected<'_>) -> Result<(), LibraryRefusal> {
        Ok(())
    }
}

type Fields = BTreeMap<String, String>;

/// The blocks of the document that begin with `first`.
fn blocks(first: &str) -> Vec<Fields> {
    let blocks = DOCUMENT
        .split("```text\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next());
    let parsed = blocks
        .filter(|block| block.starts_with(&format!("{first}: ")))
        .map(|block| {
            let fields = block.lines().map(|line| {
                line.split_once(": ")
                    .unwrap_or((line.trim_end_matches(':'), ""))
            });
            fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        });
    parsed.collect()
}

fn settings() -> Fields {
    let mut found = blocks("kid");
    assert_eq!(found.len(), 1, "the document has one key");
    found.remove(0)
}

fn reader(settings: &Fields) -> InternalReader {
    let bytes = URL_SAFE_NO_PAD
        .decode(&settings["x"])
        .unwrap()
        .try_into()
        .unwrap();
    let key = PublicKey {
        kid: settings["kid"].clone(),
        bytes,
    };
    InternalReader::new(
        settings["issuer"].clone(),
        settings["audience"].clone(),
        Arc::new(OneKey(key)),
    )
}

/// Nothing here waits for anybody, so one look is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the reader waits for somebody"),
    }
}

fn read(
    settings: &Fields,
    token: Option<&str>,
    library: &dyn VerifySignature,
) -> Result<Claims, InternalRefusal> {
    let headers = HeaderMap::new();
    let presented = Presented {
        token,
        headers: &headers,
        peer: None,
        operation: "readProfile",
        target: "/",
        now_unix_s: settings["now"].parse().unwrap(),
    };
    now(reader(settings).read(presented, library))
}

fn token(fields: &Fields) -> String {
    if fields["token"] == "(empty)" {
        String::new()
    } else {
        fields["token"].replace("\\n", "\n")
    }
}

#[test]
fn every_good_vector_is_read() {
    let settings = settings();
    let good = blocks("good");
    assert_eq!(good.len(), 6);
    for vector in good {
        let claims = read(&settings, Some(&token(&vector)), &JwtSimple);
        let claims = claims.unwrap_or_else(|refusal| panic!("{}: {refusal}", vector["good"]));
        let said: serde_json::Value = serde_json::from_str(&vector["payload"]).unwrap();
        assert_eq!(said["sub"], claims.subject.as_str());
        assert_eq!(said["client_id"], claims.client_id.as_str());
        assert_eq!(said["tenant"], claims.tenant.as_str());
        assert_eq!(said["sid"], claims.session.as_str());
        assert_eq!(said["jti"], claims.jti.as_str());
        assert_eq!(said["roles"], serde_json::json!(claims.roles));
        assert_eq!(said["permissions"], serde_json::json!(claims.permissions));
        assert_eq!(said["iat"], claims.issued_at);
        assert_eq!(said["exp"], claims.expires_at);
    }
}

#[test]
fn every_bad_vector_is_refused_for_its_reason_and_by_our_own_reading() {
    let settings = settings();
    let bad = blocks("bad");
    assert!(
        DOCUMENT.contains(&format!("\n{} tokens.", bad.len())),
        "the document counts its own vectors: {}",
        bad.len()
    );
    for vector in &bad {
        let (name, token) = (&vector["bad"], token(vector));
        let refused = read(&settings, Some(&token), &JwtSimple);
        let by_us = read(&settings, Some(&token), &Liar);
        if vector["refused"] == "signature" {
            assert_eq!(
                refused,
                Err(InternalRefusal::Library(LibraryRefusal::Signature)),
                "{name}"
            );
            assert!(
                by_us.is_ok(),
                "{name}: only the library can know, and yet {by_us:?}"
            );
        } else {
            for said in [refused, by_us] {
                assert_eq!(said.unwrap_err().to_string(), vector["refused"], "{name}");
            }
        }
    }
}

/// What a token says belongs into no record, and the library's JSON reader quotes what it cannot read.
#[test]
fn the_librarys_refusal_holds_nothing_of_the_token() {
    let settings = settings();
    let key = reader(&settings);
    let key = now(key.keys.find(&settings["kid"])).unwrap().unwrap();
    let expected = Expected {
        issuer: &settings["issuer"],
        audience: &settings["audience"],
        now_unix_s: settings["now"].parse().unwrap(),
    };
    let mut refused = 0;
    for vector in blocks("bad") {
        if let Err(refusal) = JwtSimple.verify(&token(&vector), &key, &expected) {
            let said = refusal.to_string();
            let plain = |c: char| c.is_ascii_alphabetic() || " ,'".contains(c);
            assert!(said.chars().all(plain), "{}: {said}", vector["bad"]);
            refused += 1;
        }
    }
    assert!(refused > 50, "the library was asked: {refused}");
}

#[test]
fn every_row_of_the_differential_table_is_a_vector() {
    let names: Vec<String> = blocks("bad")
        .into_iter()
        .map(|vector| vector["bad"].clone())
        .collect();
    for row in [
        "no `exp`",
        "`exp` is 1e300",
        "expired 10 minutes ago",
        "`nbf` in an hour",
        "no `aud`",
        "`aud` is a number",
        "`aud` is an object",
        "no `iss`",
        "`iss` is a number",
        "`iss` is a list with the issuer in it",
        "unknown `crit`",
        "`b64` is false",
        "`typ` is JWT",
        "`typ` is dpop+jwt",
        "no `typ`",
        "`typ` with application/ before it",
        "payload is a list",
        "duplicate `exp`",
        "duplicate `sub`",
        "duplicate `kid`",
        "duplicate `alg`",
        "duplicate private claim",
        "`iat` in an hour",
        "`exp` in ten years",
        "empty `crit`",
        "`zip`",
        "`alg` is HS256 under the public key",
        "`alg` is none, no signature",
    ] {
        assert!(names.iter().any(|name| name == row), "{row}");
    }
}

#[test]
fn a_token_has_a_longest_length() {
    let settings = settings();
    for (length, expected) in [
        (8192, InternalRefusal::Malformed("not three parts")),
        (8193, InternalRefusal::TooLong),
    ] {
        assert_eq!(
            read(&settings, Some(&"a".repeat(length)), &Liar),
            Err(expected)
        );
    }
    assert_eq!(read(&settings, None, &Liar), Err(InternalRefusal::Missing));
}

#[test]
fn a_key_set_is_taken_whole_or_not_at_all() {
    let x = URL_SAFE_NO_PAD.encode([7_u8; 32]);
    let key = |kid: &str| format!(r#"{{"kid":"{kid}","x":"{x}"}}"#);
    let set =
        |keys: &[String]| keys::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes());
    assert_eq!(set(&[key("a"), key("b")]).map(|keys| keys.len()), Some(2));
    let said = |name: &str, value: &str| format!(r#"{{"kid":"a","x":"{x}","{name}":"{value}"}}"#);
    let full =
        format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"a","x":"{x}"}}"#);
    assert_eq!(set(&[full]).map(|keys| keys.len()), Some(1));
    let eight: Vec<String> = (0..8).map(|n| key(&n.to_string())).collect();
    assert_eq!(set(&eight).map(|keys| keys.len()), Some(8));
    let nine: Vec<String> = (0..9).map(|n| key(&n.to_string())).collect();
    for (why, bad) in [
        ("too many", nine),
        ("none", vec![]),
        ("twice the same kid", vec![key("a"), key("a")]),
        ("a path as kid", vec![key("../a")]),
        (
            "31 bytes",
            vec![format!(
                r#"{{"kid":"a","x":"{}"}}"#,
                URL_SAFE_NO_PAD.encode([7_u8; 31])
            )],
        ),
        ("no x", vec![r#"{"kid":"a"}"#.to_owned()]),
        ("a P-256 key", vec![said("kty", "EC")]),
        ("another curve", vec![said("crv", "X25519")]),
        ("another algorithm", vec![said("alg", "ES256")]),
        ("for encryption", vec![said("use", "enc")]),
        ("a private key", vec![said("d", "AAAA")]),
        ("a second coordinate", vec![said("y", "AAAA")]),
        ("a text in place of a key", vec![r#""a""#.to_owned()]),
    ] {
        assert_eq!(set(&bad), None, "{why}");
    }
    assert_eq!(keys::parse(br#"{"keys":{}}"#), None);
}
