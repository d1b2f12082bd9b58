use super::*;
use TokenRefusal as R;

const AUD: &str = r#","aud":"https://api""#;
const ISS: &str = r#""iss":"https://issuer""#;
const NOT_OBJECT: Option<R> = Some(R::Malformed("payload is not an object"));
const NOT_JSON: Option<R> = Some(R::Malformed("payload is not JSON"));

/// A payload under a right signature and header is read as expected; `None` is accepted.
fn check_payload(name: &str, payload: &str, expected: Option<R>) {
    let key = Es256Key::generate().unwrap();
    let read = verifier(&key).read(&signed(&key, &header(&key), payload), NOW);
    assert_eq!(read.err(), expected, "case `{name}`");
}

/// The payload of the profile, with `find` replaced by `put`, is read as expected.
fn check(name: &str, find: &str, put: &str, expected: Option<R>) {
    check_payload(name, &payload(find, put), expected);
}

fn exp(value: impl std::fmt::Display) -> String {
    format!(r#","exp":{value}"#)
}

fn iat(value: impl std::fmt::Display) -> String {
    format!(r#","iat":{value}"#)
}

#[test]
fn end() {
    let good = exp(NOW + 600);
    let case = |name, put: &str, expected| check(name, &good, put, expected);
    case("baseline", &good, None);
    case("no exp", "", Some(R::MissingClaim("exp")));
    case(
        "exp string",
        &exp(format!(r#""{}""#, NOW + 600)),
        Some(R::Claim("exp")),
    );
    case("exp null", &exp("null"), Some(R::Claim("exp")));
    case("exp float 1e300", &exp("1e300"), Some(R::Claim("exp")));
    case(
        "exp float .0",
        &exp(format!("{}.0", NOW + 600)),
        Some(R::Claim("exp")),
    );
    case("exp negative", &exp(-1), Some(R::Claim("exp")));
    case("exp largest", &exp(u64::MAX), Some(R::Life));
    case("exp before iat", &exp(NOW - 1), Some(R::Life));
    case("exp at iat", &exp(NOW), Some(R::Life));
    case("exp +10 years", &exp(NOW + 315_360_000), Some(R::Life));
    case("exp one second too far", &exp(NOW + 901), Some(R::Life));
    case("exp as far as it may", &exp(NOW + 900), None);
    let past = format!(r#","exp":{},"iat":{}"#, NOW - 600, NOW - 1200);
    check(
        "expired 10 min",
        &format!("{good}{}", iat(NOW)),
        &past,
        Some(R::Expired),
    );
    let recent = format!(r#","exp":{},"iat":{}"#, NOW - 30, NOW - 600);
    check(
        "expired 30 s",
        &format!("{good}{}", iat(NOW)),
        &recent,
        Some(R::Expired),
    );
}

#[test]
fn beginning() {
    let end = exp(NOW + 600);
    let nbf = |value: &str| format!(r#"{end},"nbf":{value}"#);
    check("nbf now", &end, &nbf(&NOW.to_string()), None);
    check("nbf +10 s", &end, &nbf(&(NOW + 10).to_string()), None);
    check(
        "nbf +11 s",
        &end,
        &nbf(&(NOW + 11).to_string()),
        Some(R::NotYet),
    );
    check(
        "nbf +1 h",
        &end,
        &nbf(&(NOW + 3600).to_string()),
        Some(R::NotYet),
    );
    check(
        "nbf string +1 h",
        &end,
        &nbf(&format!(r#""{}""#, NOW + 3600)),
        Some(R::Claim("nbf")),
    );
    check("nbf null", &end, &nbf("null"), Some(R::Claim("nbf")));
    let good = iat(NOW);
    check("iat missing", &good, "", Some(R::MissingClaim("iat")));
    check("iat +1 h future", &good, &iat(NOW + 3600), Some(R::Life));
    check("iat +10 s", &good, &iat(NOW + 10), None);
    check("iat +11 s", &good, &iat(NOW + 11), Some(R::NotYet));
    let both = format!("{end}{good}");
    let future = format!("{}{}", exp(NOW + 4000), iat(NOW + 3600));
    check(
        "iat +1 h future with a fitting exp",
        &both,
        &future,
        Some(R::NotYet),
    );
}

#[test]
fn duplicates() {
    let end = exp(NOW + 600);
    let case = |name, more: &str| check(name, &end, &format!("{end}{more}"), Some(R::Duplicate));
    check(
        "dup exp (past, future)",
        &end,
        &format!("{}{end}", exp(1)),
        Some(R::Duplicate),
    );
    case("dup sub (u, admin)", r#","sub":"admin""#);
    case("dup sub, the second one escaped", r#","s\u0075b":"admin""#);
    case("dup scope", r#","scope":"rw""#);
    case("dup roles", r#","roles":["admin"]"#);
}

#[test]
fn issuer_and_audience() {
    check("aud missing", AUD, "", Some(R::MissingClaim("aud")));
    check("aud number", AUD, r#","aud":7"#, Some(R::Claim("aud")));
    check(
        "aud object",
        AUD,
        r#","aud":{"x":1}"#,
        Some(R::Claim("aud")),
    );
    check(
        "aud [other, api]",
        AUD,
        r#","aud":["other","https://api"]"#,
        Some(R::Claim("aud")),
    );
    check(
        "aud [api]",
        AUD,
        r#","aud":["https://api"]"#,
        Some(R::Claim("aud")),
    );
    check(
        "aud other",
        AUD,
        r#","aud":"https://other""#,
        Some(R::Audience),
    );
    check(
        "iss missing",
        &format!("{ISS},"),
        "",
        Some(R::MissingClaim("iss")),
    );
    check(
        "iss array [evil, iss]",
        ISS,
        r#""iss":["evil","https://issuer"]"#,
        Some(R::Claim("iss")),
    );
    check("iss number", ISS, r#""iss":5"#, Some(R::Claim("iss")));
    check(
        "iss with a slash more",
        ISS,
        r#""iss":"https://issuer/""#,
        Some(R::Issuer),
    );
    check(
        "iss in capitals",
        ISS,
        r#""iss":"https://ISSUER""#,
        Some(R::Issuer),
    );
}

#[test]
fn shape() {
    let end = exp(NOW + 600);
    let good = payload("1001", "1001");
    check_payload("payload array", "[]", NOT_OBJECT);
    let array = format!(r#"[{},0,"u","https://issuer","https://api"]"#, NOW + 600);
    check_payload("payload array 5", &array, NOT_OBJECT);
    check_payload("payload text", r#""x""#, NOT_OBJECT);
    check_payload("payload BOM", &format!("\u{feff}{good}"), NOT_JSON);
    check_payload("payload trailing junk", &format!("{good}x"), NOT_JSON);
    check_payload("two payloads", &format!("{good}{good}"), NOT_JSON);
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    check(
        "deep nesting 500",
        &end,
        &format!(r#"{end},"x":{deep}"#),
        Some(R::UnknownClaim),
    );
    check(
        "deep nesting in a known claim",
        r#"["user"]"#,
        &deep,
        NOT_JSON,
    );
    let long = format!(r#"{end},"x":"{}""#, "a".repeat(2_000_000));
    check("2 MB claim", &end, &long, Some(R::TooLong));
    check(
        "unlisted claim",
        &end,
        &format!(r#"{end},"may_act":{{}}"#),
        Some(R::UnknownClaim),
    );
}

#[test]
fn who() {
    check(
        "sub missing",
        r#""sub":"1001","#,
        "",
        Some(R::MissingClaim("sub")),
    );
    check("sub empty", "1001", "", Some(R::Claim("sub")));
    check(
        "sub with a line feed",
        "1001",
        r"1001\nvauban-roles: admin",
        Some(R::Claim("sub")),
    );
    check("sub number", r#""1001""#, "1001", Some(R::Claim("sub")));
    check(
        "sub too long",
        "1001",
        &"1".repeat(257),
        Some(R::Claim("sub")),
    );
    check(
        "jti missing",
        r#","jti":"j""#,
        "",
        Some(R::MissingClaim("jti")),
    );
    check(
        "client_id missing",
        r#","client_id":"web""#,
        "",
        Some(R::MissingClaim("client_id")),
    );
    check(
        "sid missing",
        r#","sid":"s""#,
        "",
        Some(R::MissingClaim("sid")),
    );
    check(
        "tenant missing",
        r#","tenant":"north""#,
        "",
        Some(R::MissingClaim("tenant")),
    );
    check(
        "tenant null",
        r#""north""#,
        "null",
        Some(R::Claim("tenant")),
    );
}

#[test]
fn rights() {
    let roles = r#"["user"]"#;
    let scope = r#""read:profile read:accounts""#;
    check(
        "roles missing",
        r#","roles":["user"]"#,
        "",
        Some(R::MissingClaim("roles")),
    );
    check("roles text", roles, r#""user""#, Some(R::Claim("roles")));
    check(
        "roles with a number",
        roles,
        r#"["user",1]"#,
        Some(R::Claim("roles")),
    );
    check(
        "roles with a comma",
        roles,
        r#"["user,admin"]"#,
        Some(R::Claim("roles")),
    );
    check("no roles", roles, "[]", None);
    let scope_claim = format!(r#","scope":{scope}"#);
    check(
        "scope missing",
        &scope_claim,
        "",
        Some(R::MissingClaim("scope")),
    );
    check(
        "scope list",
        scope,
        r#"["read:profile"]"#,
        Some(R::Claim("scope")),
    );
    check(
        "scope with two spaces",
        "read:profile ",
        "read:profile  ",
        Some(R::Claim("scope")),
    );
    check("empty scope", scope, r#""""#, None);
}

/// Requirement 22 (RFC 8693 §4.1): who acts is a chain of names, each once, and short.
#[test]
fn actors() {
    let end = exp(NOW + 600);
    let case = |act: &str, expected| {
        check(act, &end, &format!(r#"{end},"act":{act}"#), expected);
    };
    let wrong = Some(R::Claim("act"));
    let chain = |length: usize| {
        let inner = r#"{"sub":"a"}"#.to_owned();
        (1..length).fold(inner, |inner, _| format!(r#"{{"sub":"a","act":{inner}}}"#))
    };
    case(r#"{"sub":"client:desk"}"#, None);
    case(&chain(4), None);
    case(&chain(5), wrong);
    case(&chain(100), wrong);
    for act in [
        "{}",
        "null",
        "true",
        "1",
        "-1",
        "1.5",
        "[]",
        r#"[{"sub":"a"}]"#,
        r#""a""#,
        r#"{"sub":1}"#,
        r#"{"sub":""}"#,
        r#"{"sub":"a b"}"#,
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"a","act":null}"#,
        r#"{"sub":"a","act":{"sub":"b"},"act":{"sub":"c"}}"#,
        r#"{"sub":"a","iss":"https://evil.example"}"#,
        r#"{"act":{"sub":"a"}}"#,
    ] {
        case(act, wrong);
    }
    let twice = format!(r#"{end},"act":{{"sub":"a"}},"act":{{"sub":"b"}}"#);
    check("act twice", &end, &twice, Some(R::Duplicate));
}
