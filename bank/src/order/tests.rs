use super::*;
use http::HeaderValue;

const KEY: &str = "key-00000001";

fn read(key: &str, body: &str) -> Result<Order, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    Order::read(&headers, body.as_bytes())
}

fn body(from: &str, to: &str, amount: &str, reference: &str) -> String {
    format!(
        r#"{{"from_account":{from},"to_account":{to},"amount_cents":{amount},"reference":{reference}}}"#
    )
}

fn check(body: &str, wanted: Result<(), Refusal>) {
    assert_eq!(read(KEY, body).map(|_| ()), wanted, "{body}");
}

#[test]
fn both_sides_of_each_bound() {
    let broken = Err(Refusal::BodyUnread);
    let good = |amount: &str| body("500101", "500201", amount, r#""rent""#);
    check(&good("1"), Ok(()));
    check(&good("100000000"), Ok(()));
    check(&good("0"), broken);
    check(&good("-5"), broken);
    check(&good("100000001"), broken);
    check(&good("1.0"), broken);
    check(&good("1e2"), broken);
    check(&good("\"5\""), broken);
    check(&good("null"), broken);
    check(&good("18446744073709551617"), broken);
    let text = |length: usize| {
        body(
            "500101",
            "500201",
            "5",
            &format!("\"{}\"", "ä".repeat(length)),
        )
    };
    check(&text(0), broken);
    check(&text(1), Ok(()));
    check(&text(140), Ok(()));
    check(&text(141), broken);
    check(&body("500101", "500201", "5", r#""a\u0000b""#), broken);
    check(
        &body("500101", "500201", "5", r#""'; DROP TABLE entries; --""#),
        Ok(()),
    );
    check(&body("0", "500201", "5", r#""x""#), broken);
    check(&body("500101", "1000000000000", "5", r#""x""#), broken);
    check(
        &body("500101", "500101", "5", r#""x""#),
        Err(Refusal::SameAccount),
    );
}

#[test]
fn nothing_unknown_twice_missing_or_after() {
    let broken = Err(Refusal::BodyUnread);
    let rest = r#""to_account":500201,"amount_cents":5,"reference":"x"}"#;
    check(&format!(r#"{{"from_account":500101,{rest}"#), Ok(()));
    check(
        &format!(r#"{{"from_account":500101,"owner":1,{rest}"#),
        broken,
    );
    check(
        &format!(r#"{{"from_account":500101,"from_account":500201,{rest}"#),
        broken,
    );
    check(&format!("{{{rest}"), broken);
    check(&format!(r#"{{"from_account":500101,{rest} {{}}"#), broken);
    check("[]", broken);
    check("", broken);
}

#[test]
fn the_key_has_bounds_and_stands_once() {
    let good = body("500101", "500201", "5", r#""x""#);
    for (key, wanted) in [
        ("1234567", Err(Refusal::Key)),
        ("12345678", Ok(())),
        (&"k".repeat(64), Ok(())),
        (&"k".repeat(65), Err(Refusal::Key)),
        ("key 00000001", Err(Refusal::Key)),
    ] {
        assert_eq!(read(key, &good).map(|_| ()), wanted, "{key}");
    }
    let mut twice = HeaderMap::new();
    twice.append("idempotency-key", HeaderValue::from_static(KEY));
    twice.append("idempotency-key", HeaderValue::from_static(KEY));
    assert_eq!(Order::read(&twice, good.as_bytes()), Err(Refusal::Key));
    assert_eq!(
        Order::read(&HeaderMap::new(), good.as_bytes()),
        Err(Refusal::Key)
    );
}

#[test]
fn the_fingerprint_is_over_what_is_ordered_not_over_its_writing() {
    let one = read(KEY, &body("500101", "500201", "5", r#""x""#)).unwrap();
    let spaced = r#"{ "reference": "\u0078", "amount_cents": 5, "to_account": 500201, "from_account": 500101 }"#;
    assert_eq!(read(KEY, spaced).unwrap().sha256, one.sha256);
    for other in [
        body("500102", "500201", "5", r#""x""#),
        body("500101", "500202", "5", r#""x""#),
        body("500101", "500201", "6", r#""x""#),
        body("500101", "500201", "5", r#""y""#),
    ] {
        assert_ne!(read(KEY, &other).unwrap().sha256, one.sha256, "{other}");
    }
}
