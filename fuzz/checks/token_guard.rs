//! The guard's reader of tokens never panics, and what its own JSON reader read `serde_json` reads the same.
//!
//! The library agrees to everything. Bytes with a line feed are header and payload, encoded here, so that what stands behind
//! the base64 is reached; others are the token itself.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde_json::{Value, json};
use vauban_guard::{
    Answering, Claims, Expected, InternalReader, KeyError, KeySource, LibraryRefusal, Presented,
    PublicKey, ReadInternal as _, VerifySignature,
};

const NOW: u64 = 1_800_000_000;

#[derive(Debug)]
struct Liar;

impl VerifySignature for Liar {
    fn verify(&self, _: &str, _: &PublicKey, _: &Expected<'_>) -> Result<(), LibraryRefusal> {
        Ok(())
    }
}

#[derive(Debug)]
struct AnyKey;

impl KeySource for AnyKey {
    fn find<'a>(&'a self, kid: &'a str) -> Answering<'a, Result<Option<PublicKey>, KeyError>> {
        Box::pin(async move {
            Ok(Some(PublicKey {
                kid: kid.to_owned(),
                bytes: [0; 32],
            }))
        })
    }
}

pub(crate) fn check(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        judge(text);
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
        let (header, payload) = (&bytes[..at], &bytes[at + 1..]);
        judge(&format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload),
            "A".repeat(86)
        ));
    }
}

fn read(token: &str) -> Option<Claims> {
    let reader = InternalReader::new(
        "https://authority.example/api/internal".to_owned(),
        "accounts".to_owned(),
        Arc::new(AnyKey),
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
    // Nothing here waits for anybody.
    match pin!(reader.read(presented, &Liar)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(read) => read.ok(),
        Poll::Pending => panic!("the reader waits for nobody"),
    }
}

fn judge(token: &str) {
    let Some(claims) = read(token) else {
        return;
    };
    assert!(token.len() <= 8192);
    let payload = token.split('.').nth(1).expect("it has three parts");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("it is base64url");
    let said: Value = serde_json::from_slice(&payload).expect("it is JSON");
    assert_eq!(
        said,
        json!({
            "iss": "https://authority.example/api/internal", "aud": "accounts", "sub": claims.subject,
            "client_id": claims.client_id, "tenant": claims.tenant, "sid": claims.session, "jti": claims.jti,
            "roles": claims.roles, "permissions": claims.permissions, "exp": claims.expires_at, "iat": claims.issued_at,
        })
    );
    assert!(claims.expires_at + 5 > NOW && claims.issued_at <= NOW + 5);
    assert!(claims.issued_at < claims.expires_at && claims.expires_at - claims.issued_at <= 60);
}
