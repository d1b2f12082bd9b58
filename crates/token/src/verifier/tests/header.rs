use super::*;
use TokenRefusal as R;

const GOOD: &str = r#""alg":"ES256","typ":"at+jwt""#;

/// A header over the right payload, under a right signature, is read as expected; `None` is accepted.
fn check_header(name: &str, key: &Es256Key, header: &str, expected: Option<R>) {
    let read = verifier(key).read(&signed(key, header, &payload("1001", "1001")), NOW);
    assert_eq!(read.err(), expected, "case `{name}`");
}

/// The members, with the right `kid` behind them, are read as expected.
fn check(name: &str, members: &str, expected: Option<R>) {
    let key = Es256Key::generate().unwrap();
    let header = format!(r#"{{{members},"kid":"{}"}}"#, key.kid());
    check_header(name, &key, &header, expected);
}

#[test]
fn unused_members() {
    let case = |name, more: &str| check(name, &format!("{GOOD},{more}"), Some(R::Header));
    check("baseline", GOOD, None);
    case("crit unknown", r#""crit":["x"],"x":1"#);
    case("crit b64 false", r#""crit":["b64"],"b64":false"#);
    case("crit empty", r#""crit":[]"#);
    case("b64 false no crit", r#""b64":false"#);
    case("zip DEF", r#""zip":"DEF""#);
    case("jku", r#""jku":"https://evil""#);
    case("x5u", r#""x5u":"https://evil""#);
    case("x5c", r#""x5c":["AA=="]"#);
    case(
        "embedded jwk",
        &format!(r#""jwk":{}"#, Es256Key::generate().unwrap().jwk()),
    );
    case("cty", r#""cty":"JWT""#);
}

#[test]
fn kind() {
    let case = |name, typ: &str, expected| check(name, &format!(r#""alg":"ES256"{typ}"#), expected);
    case(
        "typ application/at+jwt",
        r#","typ":"application/at+jwt""#,
        None,
    );
    case("typ id JWT", r#","typ":"JWT""#, Some(R::Type));
    case("typ dpop+jwt", r#","typ":"dpop+jwt""#, Some(R::Type));
    case("typ logout (no jwt)", r#","typ":"foo""#, Some(R::Type));
    case("typ internal", r#","typ":"vauban-int+jwt""#, Some(R::Type));
    case("typ missing", "", Some(R::Type));
    case("typ number", r#","typ":1"#, Some(R::Type));
}

#[test]
fn algorithm() {
    let case =
        |name, alg: &str, expected| check(name, &format!(r#"{alg}"typ":"at+jwt""#), expected);
    case(
        "dup alg none, ES256",
        r#""alg":"none","alg":"ES256","#,
        Some(R::Duplicate),
    );
    case("alg none", r#""alg":"none","#, Some(R::Algorithm));
    case("alg None", r#""alg":"None","#, Some(R::Algorithm));
    case("alg lower case", r#""alg":"es256","#, Some(R::Algorithm));
    case("alg HS256", r#""alg":"HS256","#, Some(R::Algorithm));
    case("alg EdDSA", r#""alg":"EdDSA","#, Some(R::Algorithm));
    case("alg missing", "", Some(R::Algorithm));
}

#[test]
fn key_name() {
    let key = Es256Key::generate().unwrap();
    check(
        "dup kid",
        &format!(r#"{GOOD},"kid":"b""#),
        Some(R::Duplicate),
    );
    let path = format!(r#"{{{GOOD},"kid":"../../etc/passwd"}}"#);
    check_header("kid unknown", &key, &path, Some(R::UnknownKey));
    check_header(
        "kid missing",
        &key,
        &format!("{{{GOOD}}}"),
        Some(R::UnknownKey),
    );
    check_header(
        "kid empty",
        &key,
        &format!(r#"{{{GOOD},"kid":""}}"#),
        Some(R::UnknownKey),
    );
    let array = Some(R::Malformed("header is not an object"));
    check_header("header array", &key, r#"["ES256","at+jwt"]"#, array);
    let long = format!(r#"{{{GOOD},"kid":"{}"}}"#, "k".repeat(600));
    check_header(
        "header too long",
        &key,
        &long,
        Some(R::Malformed("header is too long")),
    );
}

/// An HMAC whose secret is the public key: the classic confusion of algorithms.
#[test]
fn an_hmac_with_the_public_key_is_refused() {
    use aws_lc_rs::hmac;
    let key = Es256Key::generate().unwrap();
    let set = json!({ "keys": [key.jwk()] }).to_string();
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, key.kid());
    let forged = payload("1001", "1003");
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(forged)
    );
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, set.as_bytes()),
        input.as_bytes(),
    );
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()));
    assert_eq!(verifier(&key).read(&token, NOW), Err(R::Algorithm));
}
