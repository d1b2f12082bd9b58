use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::{Es256Key, JsonWebToken, Signer, mint};

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
        expires_at: NOW + 600,
        issued_at: NOW,
    }
}

/// Rows of the differential table of claims, each under the name it has there; `None` is accepted.
#[test]
fn each_row_of_the_differential_table() {
    use TokenRefusal as R;
    let exp = format!(r#","exp":{}"#, NOW + 600);
    let exp = exp.as_str();
    let iat = format!(r#","iat":{NOW}"#);
    let iat = iat.as_str();
    let aud = r#","aud":"https://api""#;
    let iss = r#""iss":"https://issuer""#;
    let set_exp = |value: &str| format!(r#","exp":{value}"#);
    let cases: Vec<(&str, String, Option<R>)> = vec![
        ("baseline", payload("1001", "1001"), None),
        ("no exp", payload(exp, ""), Some(R::MissingClaim("exp"))),
        (
            "exp string",
            payload(exp, &set_exp(&format!(r#""{}""#, NOW + 600))),
            Some(R::Claim("exp")),
        ),
        (
            "exp null",
            payload(exp, &set_exp("null")),
            Some(R::Claim("exp")),
        ),
        (
            "exp float 1e300",
            payload(exp, &set_exp("1e300")),
            Some(R::Claim("exp")),
        ),
        (
            "exp float with nothing after the point",
            payload(exp, &set_exp(&format!("{}.0", NOW + 600))),
            Some(R::Claim("exp")),
        ),
        (
            "exp largest",
            payload(exp, &set_exp("18446744073709551615")),
            Some(R::Life),
        ),
        (
            "exp negative",
            payload(exp, &set_exp("-1")),
            Some(R::Claim("exp")),
        ),
        (
            "exp before iat",
            payload(exp, &set_exp(&(NOW - 1).to_string())),
            Some(R::Life),
        ),
        (
            "exp at iat",
            payload(exp, &set_exp(&NOW.to_string())),
            Some(R::Life),
        ),
        (
            "exp +10 years",
            payload(exp, &set_exp(&(NOW + 315_360_000).to_string())),
            Some(R::Life),
        ),
        (
            "exp one second too far",
            payload(exp, &set_exp(&(NOW + 901).to_string())),
            Some(R::Life),
        ),
        (
            "exp as far as it may",
            payload(exp, &set_exp(&(NOW + 900).to_string())),
            None,
        ),
        (
            "nbf now",
            payload(exp, &format!(r#"{exp},"nbf":{NOW}"#)),
            None,
        ),
        (
            "nbf +1 h",
            payload(exp, &format!(r#"{exp},"nbf":{}"#, NOW + 3600)),
            Some(R::NotYet),
        ),
        (
            "nbf string +1 h",
            payload(exp, &format!(r#"{exp},"nbf":"{}""#, NOW + 3600)),
            Some(R::Claim("nbf")),
        ),
        (
            "dup exp (past, future)",
            payload(exp, &format!("{}{exp}", set_exp("1"))),
            Some(R::Duplicate),
        ),
        (
            "dup sub (u, admin)",
            payload(exp, &format!(r#"{exp},"sub":"admin""#)),
            Some(R::Duplicate),
        ),
        (
            "dup sub, second one escaped",
            payload(exp, &format!(r#"{exp},"s\u0075b":"admin""#)),
            Some(R::Duplicate),
        ),
        (
            "dup scope",
            payload(exp, &format!(r#"{exp},"scope":"rw""#)),
            Some(R::Duplicate),
        ),
        (
            "aud missing",
            payload(aud, ""),
            Some(R::MissingClaim("aud")),
        ),
        (
            "aud number",
            payload(aud, r#","aud":7"#),
            Some(R::Claim("aud")),
        ),
        (
            "aud object",
            payload(aud, r#","aud":{"x":1}"#),
            Some(R::Claim("aud")),
        ),
        (
            "aud [other, api]",
            payload(aud, r#","aud":["other","https://api"]"#),
            Some(R::Claim("aud")),
        ),
        (
            "aud other",
            payload(aud, r#","aud":"https://other""#),
            Some(R::Audience),
        ),
        (
            "iss missing",
            payload(&format!("{iss},"), ""),
            Some(R::MissingClaim("iss")),
        ),
        (
            "iss array [evil, iss]",
            payload(iss, r#""iss":["evil","https://issuer"]"#),
            Some(R::Claim("iss")),
        ),
        (
            "iss number",
            payload(iss, r#""iss":5"#),
            Some(R::Claim("iss")),
        ),
        (
            "iss with a slash more",
            payload(iss, r#""iss":"https://issuer/""#),
            Some(R::Issuer),
        ),
        (
            "iat +1 h future",
            payload(iat, &format!(r#","iat":{}"#, NOW + 3600)),
            Some(R::Life),
        ),
        (
            "iat +1 h future with a fitting exp",
            payload(
                &format!("{exp}{iat}"),
                &format!(r#","exp":{},"iat":{}"#, NOW + 4000, NOW + 3600),
            ),
            Some(R::NotYet),
        ),
        (
            "iat +10 s",
            payload(iat, &format!(r#","iat":{}"#, NOW + 10)),
            None,
        ),
        (
            "iat +11 s",
            payload(iat, &format!(r#","iat":{}"#, NOW + 11)),
            Some(R::NotYet),
        ),
        (
            "iat missing",
            payload(iat, ""),
            Some(R::MissingClaim("iat")),
        ),
        (
            "payload array",
            "[]".into(),
            Some(R::Malformed("payload is not one JSON object")),
        ),
        (
            "payload array 5",
            format!(r#"[{},0,"u","https://issuer","https://api"]"#, NOW + 600),
            Some(R::Malformed("payload is not one JSON object")),
        ),
        (
            "payload BOM",
            format!("\u{feff}{}", payload("1001", "1001")),
            Some(R::Malformed("payload is not one JSON object")),
        ),
        (
            "payload trailing junk",
            format!("{}x", payload("1001", "1001")),
            Some(R::Malformed("payload is not one JSON object")),
        ),
        (
            "deep nesting 500",
            payload(
                exp,
                &format!(r#"{exp},"x":{}{}"#, "[".repeat(500), "]".repeat(500)),
            ),
            Some(R::UnknownClaim),
        ),
        (
            "deep nesting in a known claim",
            payload(
                r#"["user"]"#,
                &format!("{}{}", "[".repeat(500), "]".repeat(500)),
            ),
            Some(R::Malformed("payload is not one JSON object")),
        ),
        (
            "2 MB claim",
            payload(exp, &format!(r#"{exp},"x":"{}""#, "a".repeat(2_000_000))),
            Some(R::TooLong),
        ),
        (
            "unlisted claim",
            payload(exp, &format!(r#"{exp},"act":{{}}"#)),
            Some(R::UnknownClaim),
        ),
        (
            "sub missing",
            payload(r#","aud""#, r#","aux":1,"aud""#),
            Some(R::UnknownClaim),
        ),
        ("sub empty", payload("1001", ""), Some(R::Claim("sub"))),
        (
            "sub with a line feed",
            payload("1001", r"1001\nvauban-roles: admin"),
            Some(R::Claim("sub")),
        ),
        (
            "sub number",
            payload(r#""1001""#, "1001"),
            Some(R::Claim("sub")),
        ),
        (
            "jti missing",
            payload(r#","jti":"j""#, ""),
            Some(R::MissingClaim("jti")),
        ),
        (
            "client_id missing",
            payload(r#","client_id":"web""#, ""),
            Some(R::MissingClaim("client_id")),
        ),
        (
            "sid missing",
            payload(r#","sid":"s""#, ""),
            Some(R::MissingClaim("sid")),
        ),
        (
            "tenant missing",
            payload(r#","tenant":"north""#, ""),
            Some(R::MissingClaim("tenant")),
        ),
        (
            "roles missing",
            payload(r#","roles":["user"]"#, ""),
            Some(R::MissingClaim("roles")),
        ),
        (
            "roles text",
            payload(r#"["user"]"#, r#""user""#),
            Some(R::Claim("roles")),
        ),
        (
            "roles with a comma",
            payload(r#"["user"]"#, r#"["user,admin"]"#),
            Some(R::Claim("roles")),
        ),
        (
            "scope missing",
            payload(r#","scope":"read:profile read:accounts""#, ""),
            Some(R::MissingClaim("scope")),
        ),
        (
            "scope list",
            payload(r#""read:profile read:accounts""#, r#"["read:profile"]"#),
            Some(R::Claim("scope")),
        ),
        (
            "scope with two spaces",
            payload("read:profile ", "read:profile  "),
            Some(R::Claim("scope")),
        ),
    ];
    let key = Es256Key::generate().unwrap();
    for (name, payload, expected) in cases {
        let read = verifier(&key).read(&signed(&key, &header(&key), &payload), NOW);
        assert_eq!(read.err(), expected, "case `{name}`");
    }
}

/// The header rows of the same table.
#[test]
fn each_header_row() {
    use TokenRefusal as R;
    let key = Es256Key::generate().unwrap();
    let kid = key.kid().to_owned();
    let with = |members: &str| format!(r#"{{{members},"kid":"{kid}"}}"#);
    let good = r#""alg":"ES256","typ":"at+jwt""#;
    let cases: Vec<(&str, String, Option<R>)> = vec![
        ("baseline", with(good), None),
        (
            "typ application/at+jwt",
            with(r#""alg":"ES256","typ":"application/at+jwt""#),
            None,
        ),
        (
            "crit unknown",
            with(&format!(r#"{good},"crit":["x"],"x":1"#)),
            Some(R::Header),
        ),
        (
            "crit b64 false",
            with(&format!(r#"{good},"crit":["b64"],"b64":false"#)),
            Some(R::Header),
        ),
        (
            "crit empty",
            with(&format!(r#"{good},"crit":[]"#)),
            Some(R::Header),
        ),
        (
            "b64 false no crit",
            with(&format!(r#"{good},"b64":false"#)),
            Some(R::Header),
        ),
        (
            "zip DEF",
            with(&format!(r#"{good},"zip":"DEF""#)),
            Some(R::Header),
        ),
        (
            "jku",
            with(&format!(r#"{good},"jku":"https://evil""#)),
            Some(R::Header),
        ),
        (
            "embedded jwk",
            with(&format!(r#"{good},"jwk":{}"#, key.jwk())),
            Some(R::Header),
        ),
        (
            "x5c",
            with(&format!(r#"{good},"x5c":["AA=="]"#)),
            Some(R::Header),
        ),
        (
            "typ id JWT",
            with(r#""alg":"ES256","typ":"JWT""#),
            Some(R::Type),
        ),
        (
            "typ dpop+jwt",
            with(r#""alg":"ES256","typ":"dpop+jwt""#),
            Some(R::Type),
        ),
        (
            "typ internal",
            with(r#""alg":"ES256","typ":"vauban-int+jwt""#),
            Some(R::Type),
        ),
        ("typ none", with(r#""alg":"ES256""#), Some(R::Type)),
        (
            "typ number",
            with(r#""alg":"ES256","typ":1"#),
            Some(R::Malformed("header is not an object of texts")),
        ),
        (
            "dup alg none, ES256",
            with(r#""alg":"none","alg":"ES256","typ":"at+jwt""#),
            Some(R::Duplicate),
        ),
        (
            "alg none",
            with(r#""alg":"none","typ":"at+jwt""#),
            Some(R::Algorithm),
        ),
        (
            "alg None",
            with(r#""alg":"None","typ":"at+jwt""#),
            Some(R::Algorithm),
        ),
        (
            "alg lower case",
            with(r#""alg":"es256","typ":"at+jwt""#),
            Some(R::Algorithm),
        ),
        (
            "alg HS256",
            with(r#""alg":"HS256","typ":"at+jwt""#),
            Some(R::Algorithm),
        ),
        (
            "alg EdDSA",
            with(r#""alg":"EdDSA","typ":"at+jwt""#),
            Some(R::Algorithm),
        ),
        ("alg missing", with(r#""typ":"at+jwt""#), Some(R::Algorithm)),
        (
            "dup kid",
            with(&format!(r#"{good},"kid":"b""#)),
            Some(R::Duplicate),
        ),
        (
            "kid unknown",
            format!(r#"{{{good},"kid":"../../etc/passwd"}}"#),
            Some(R::UnknownKey),
        ),
        ("kid missing", format!("{{{good}}}"), Some(R::UnknownKey)),
        (
            "header array",
            r#"["ES256","at+jwt"]"#.into(),
            Some(R::Malformed("header is not an object of texts")),
        ),
        (
            "header too long",
            format!(r#"{{{good},"kid":"{}"}}"#, "k".repeat(600)),
            Some(R::Malformed("header is too long")),
        ),
    ];
    for (name, header, expected) in cases {
        let read = verifier(&key).read(&signed(&key, &header, &payload("1001", "1001")), NOW);
        assert_eq!(read.err(), expected, "case `{name}`");
    }
}

/// An HMAC whose secret is the public key: the classic confusion of algorithms.
#[test]
fn an_hmac_with_the_public_key_is_refused() {
    let key = Es256Key::generate().unwrap();
    let set = json!({ "keys": [key.jwk()] }).to_string();
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(format!(
            r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#,
            key.kid()
        )),
        URL_SAFE_NO_PAD.encode(payload("1001", "1003"))
    );
    let hmac = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, set.as_bytes()),
        input.as_bytes(),
    );
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(hmac.as_ref()));
    assert_eq!(
        verifier(&key).read(&token, NOW),
        Err(TokenRefusal::Algorithm)
    );
}

#[test]
fn every_shape_that_is_not_three_parts_of_base64url() {
    use TokenRefusal as R;
    let key = Es256Key::generate().unwrap();
    let good = mint(&key, &profile(), &claims()).unwrap();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = input.split_once('.').unwrap();
    let other = mint(&Es256Key::generate().unwrap(), &profile(), &claims()).unwrap();
    let other_signature = other.rsplit_once('.').unwrap().1;
    let cases: Vec<(&str, String, R)> = vec![
        ("empty", String::new(), R::Malformed("not three parts")),
        ("one part", head.into(), R::Malformed("not three parts")),
        ("two parts", input.into(), R::Malformed("not three parts")),
        (
            "four parts",
            format!("{good}.x"),
            R::Malformed("not three parts"),
        ),
        (
            "five parts, a JWE",
            format!("{good}.x.y"),
            R::Malformed("not three parts"),
        ),
        ("no signature", format!("{input}."), R::Signature),
        (
            "no header",
            format!(".{body}.{signature}"),
            R::Malformed("empty part"),
        ),
        (
            "no payload",
            format!("{head}..{signature}"),
            R::Malformed("empty part"),
        ),
        (
            "padding",
            format!("{head}=.{body}.{signature}"),
            R::Malformed("not base64url"),
        ),
        (
            "other alphabet",
            format!("{input}.{}", "+".repeat(86)),
            R::Malformed("not base64url"),
        ),
        (
            "space in front",
            format!(" {good}"),
            R::Malformed("not base64url"),
        ),
        ("line feed behind", format!("{good}\n"), R::Signature),
        (
            "JSON serialisation",
            format!(r#"{{"payload":"{body}","signature":"{signature}"}}"#),
            R::Malformed("not three parts"),
        ),
        (
            "signature of another key",
            format!("{input}.{other_signature}"),
            R::Signature,
        ),
        (
            "signature of zeros",
            format!("{input}.{}", "A".repeat(86)),
            R::Signature,
        ),
        (
            "signature cut",
            format!("{input}.{}", &signature[..84]),
            R::Signature,
        ),
        (
            "payload of another",
            format!(
                "{head}.{}.{signature}",
                URL_SAFE_NO_PAD.encode(payload("1001", "1003"))
            ),
            R::Signature,
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(
            verifier(&key).read(&token, NOW),
            Err(expected),
            "case `{name}`"
        );
    }
}

#[test]
fn the_leeway_at_the_end_is_five_seconds() {
    let key = Es256Key::generate().unwrap();
    let token = mint(&key, &profile(), &claims()).unwrap();
    for (after, expected) in [
        (0, Ok(claims())),
        (604, Ok(claims())),
        (605, Err(TokenRefusal::Expired)),
        (1200, Err(TokenRefusal::Expired)),
    ] {
        assert_eq!(
            verifier(&key).read(&token, NOW + after),
            expected,
            "{after} s after `iat`"
        );
    }
}

#[test]
fn a_token_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
    let key = Es256Key::generate().unwrap();
    let long = "x".repeat(TOKEN_BYTES_MAX);
    assert_eq!(
        verifier(&key).read(&long, NOW),
        Err(TokenRefusal::Malformed("not three parts"))
    );
    assert_eq!(
        verifier(&key).read(&format!("{long}x"), NOW),
        Err(TokenRefusal::TooLong)
    );
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
    assert_eq!(
        lied_to.read(&forged("1001", "1002"), NOW).unwrap().subject,
        "1002",
        "the liar is asked at all"
    );
    assert_eq!(
        lied_to.read(&forged("https://issuer", "https://evil"), NOW),
        Err(TokenRefusal::Issuer)
    );
    assert_eq!(
        lied_to.read(&forged("https://api", "https://evil"), NOW),
        Err(TokenRefusal::Audience)
    );
    assert_eq!(
        lied_to.read(&forged("1001", "1001"), NOW + 3600),
        Err(TokenRefusal::Expired)
    );
}

proptest::proptest! {
    #[test]
    fn what_is_minted_is_read_back(subject in "[a-z0-9:-]{1,40}", roles in proptest::collection::vec("[a-z]{1,12}", 0..5), permissions in proptest::collection::vec("[a-z]{1,9}:[a-z]{1,9}", 0..9), life in 1_u64..=900) {
        let key = Es256Key::generate().unwrap();
        let claims = Claims { subject, roles, permissions, expires_at: NOW + life, ..claims() };
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
        let changed: String = token.chars().enumerate().map(|(i, c)| if i == at { put.chars().next().unwrap() } else { c }).collect();
        proptest::prop_assume!(changed != token);
        assert!(verifier(&key).read(&changed, NOW).is_err());
    }
}
