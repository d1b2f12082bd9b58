//! The edge's reader of tokens never panics, and what it accepts says exactly what was read from it.
//!
//! The library agrees to every signature. Bytes with a line feed are header and payload, encoded here, so that what stands
//! behind the base64 is reached; others are the token itself.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vauban_token::{LEEWAY_SECONDS, Profile, SignatureLibrary, Verifier};

const NOW: u64 = 1_800_000_000;

#[derive(Debug)]
struct Liar;

impl SignatureLibrary for Liar {
    fn verify(&self, _: &str, _: &str, _: &str) -> bool {
        true
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

fn judge(token: &str) {
    let profile = Profile {
        issuer: "https://authority.example/api".to_owned(),
        audience: "https://api.example".to_owned(),
        life_seconds_max: 900,
    };
    let Ok(claims) = Verifier::new(profile, Arc::new(Liar)).read(token, NOW) else {
        return;
    };
    assert!(token.len() <= 8192);
    let payload = token.split('.').nth(1).expect("it has three parts");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("it is base64url");
    let mut said: Value = serde_json::from_slice(&payload).expect("it is JSON");
    let not_before = said
        .as_object_mut()
        .expect("it is an object")
        .remove("nbf")
        .map_or(0, |seconds| seconds.as_u64().expect("whole seconds"));
    assert_eq!(
        said,
        json!({
            "iss": "https://authority.example/api", "aud": "https://api.example", "sub": claims.subject,
            "client_id": claims.client_id, "tenant": claims.tenant, "sid": claims.session, "jti": claims.jti,
            "roles": claims.roles, "scope": claims.permissions.join(" "), "exp": claims.expires_at, "iat": claims.issued_at,
        })
    );
    assert!(claims.expires_at + LEEWAY_SECONDS > NOW);
    assert!(claims.issued_at < claims.expires_at && claims.expires_at - claims.issued_at <= 900);
    assert!(claims.issued_at.max(not_before) <= NOW + 10);
}
