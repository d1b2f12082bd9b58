//! Every row of the differential table of claims (what `jsonwebtoken`, `josekit` and `jwt-simple` accept and should not) is
//! a named case in [`claims`] or [`header`]; [`shape`] holds the compact form.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::{Es256Key, JsonWebToken, Signer, mint};

mod claims;
mod header;
mod shape;

const NOW: u64 = 1_800_000_000;

fn profile() -> Profile {
    Profile {
        issuer: "https://issuer".into(),
        audience: "https://api".into(),
        life_seconds_max: 900,
    }
}

/// A verifier that knows `key`.
fn verifier(key: &Es256Key) -> Verifier {
    let set = json!({ "keys": [key.jwk()] }).to_string();
    Verifier::new(
        profile(),
        Arc::new(JsonWebToken::from_jwk_set(&set).unwrap()),
    )
}

/// Any header and payload, under a signature that is right.
fn signed(key: &Es256Key, header: &str, payload: &str) -> String {
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap());
    format!("{input}.{signature}")
}

/// The header of the profile.
fn header(key: &Es256Key) -> String {
    format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, key.kid())
}

/// The payload of the profile, with `find` replaced by `put`.
fn payload(find: &str, put: &str) -> String {
    let whole = format!(
        r#"{{"iss":"https://issuer","sub":"1001","aud":"https://api","exp":{},"iat":{NOW},"jti":"j","client_id":"web","sid":"s","tenant":"north","roles":["user"],"scope":"read:profile read:accounts"}}"#,
        NOW + 600
    );
    assert!(whole.contains(find), "`{find}` is not in the payload");
    whole.replacen(find, put, 1)
}

fn claims() -> Claims {
    Claims {
        subject: "1001".into(),
        client_id: "web".into(),
        tenant: "north".into(),
        session: "s".into(),
        jti: "j".into(),
        roles: vec!["user".into()],
        permissions: vec!["read:profile".into(), "read:accounts".into()],
        actors: vec![],
        expires_at: NOW + 600,
        issued_at: NOW,
    }
}

#[test]
fn the_leeway_at_the_end_is_five_seconds() {
    let key = Es256Key::generate().unwrap();
    let token = mint(&key, &profile(), &claims()).unwrap();
    let late = Err(TokenRefusal::Expired);
    for (after, expected) in [
        (0, Ok(claims())),
        (604, Ok(claims())),
        (605, late.clone()),
        (1200, late),
    ] {
        assert_eq!(
            verifier(&key).read(&token, NOW + after),
            expected,
            "{after} s after `iat`"
        );
    }
}

/// When the library lies about the signature, every other check still stands.
#[test]
fn the_profile_holds_without_the_library() {
    #[derive(Debug)]
    struct Liar;
    impl SignatureLibrary for Liar {
        fn verify(&self, _: &str, _: &str, _: &str) -> bool {
            true
        }
    }
    let key = Es256Key::generate().unwrap();
    let lied_to = Verifier::new(profile(), Arc::new(Liar));
    let forged = |find: &str, put: &str| {
        let token = signed(&key, &header(&key), &payload(find, put));
        let (input, _) = token.rsplit_once('.').unwrap();
        format!("{input}.{}", "A".repeat(86))
    };
    let subject = lied_to.read(&forged("1001", "1002"), NOW).unwrap().subject;
    assert_eq!(subject, "1002", "the liar is asked at all");
    let cases = [
        ("https://issuer", "https://evil", NOW, TokenRefusal::Issuer),
        ("https://api", "https://evil", NOW, TokenRefusal::Audience),
        ("1001", "1001", NOW + 3600, TokenRefusal::Expired),
    ];
    for (find, put, now, expected) in cases {
        assert_eq!(lied_to.read(&forged(find, put), now), Err(expected));
    }
}

proptest::proptest! {
    #[test]
    fn what_is_minted_is_read_back(
        subject in "[a-z0-9:-]{1,40}",
        roles in proptest::collection::vec("[a-z]{1,12}", 0..5),
        permissions in proptest::collection::vec("[a-z]{1,9}:[a-z]{1,9}", 0..9),
        actors in proptest::collection::vec("[a-z0-9:-]{1,40}", 0..=4),
        life in 1_u64..=900,
    ) {
        let key = Es256Key::generate().unwrap();
        let claims = Claims { subject, roles, permissions, actors, expires_at: NOW + life, ..claims() };
        let token = mint(&key, &profile(), &claims).unwrap();
        assert_eq!(verifier(&key).read(&token, NOW), Ok(claims));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let key = Es256Key::generate().unwrap();
        assert!(verifier(&key).read(&text, NOW).is_err());
    }

    #[test]
    fn one_changed_character_refuses(at in 0_usize..400, put in "[A-Za-z0-9_-]") {
        let key = Es256Key::generate().unwrap();
        let token = mint(&key, &profile(), &claims()).unwrap();
        let at = at % token.len();
        let put = put.chars().next().unwrap();
        let changed: String = token.chars().enumerate().map(|(i, c)| if i == at { put } else { c }).collect();
        proptest::prop_assume!(changed != token);
        assert!(verifier(&key).read(&changed, NOW).is_err());
    }
}
