use super::*;
use http::{HeaderName, HeaderValue};

const GOOD: [(&str, &str); 6] = [
    ("vauban-decision", "0123456789abcdefghjkmnpqrs"),
    ("vauban-subject", "1001"),
    ("vauban-tenant", "north"),
    ("vauban-roles", "user,admin"),
    ("vauban-operation", "readProfile"),
    ("vauban-db-context", "1.1001.north.0.1790000000.00ff"),
];

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

/// The good headers with one replaced (or removed).
fn check(name: &'static str, value: Option<&str>, holds: bool) {
    let mut pairs: Vec<(&str, &str)> = GOOD
        .into_iter()
        .filter(|(other, _)| *other != name)
        .collect();
    pairs.extend(value.map(|value| (name, value)));
    let read = Caller::read(&headers(&pairs)).map(|_| ());
    assert_eq!(
        read,
        if holds { Ok(()) } else { Err(name) },
        "{name}: {value:?}"
    );
}

#[test]
fn a_caller_is_read_from_a_whole_set() {
    let caller = Caller::read(&headers(&GOOD)).unwrap();
    assert_eq!(caller.subject(), 1001);
    assert_eq!(caller.tenant(), "north");
    assert_eq!(caller.decision(), "0123456789abcdefghjkmnpqrs");
    assert_eq!(caller.operation(), "readProfile");
    assert_eq!(caller.context(), Some("1.1001.north.0.1790000000.00ff"));
}

#[test]
fn an_application_for_itself_owns_nothing() {
    let mut pairs = GOOD;
    pairs[1].1 = "client:bank-reports";
    assert_eq!(Caller::read(&headers(&pairs)).unwrap().subject(), 0);
}

#[test]
fn what_is_missing_or_unsound_is_named() {
    check("vauban-decision", None, false);
    check("vauban-decision", Some("0123456789abcdefghjkmnpqr"), false);
    check("vauban-decision", Some("0123456789ABCDEFGHJKMNPQRS"), false);
    check("vauban-subject", None, false);
    check("vauban-subject", Some(""), false);
    check("vauban-subject", Some("alice"), false);
    check("vauban-subject", Some("client:"), false);
    check("vauban-subject", Some("client:a b"), false);
    check("vauban-subject", Some("client:bank-reports"), true);
    check("vauban-subject", Some("01001"), false);
    check("vauban-subject", Some("-1"), false);
    check("vauban-subject", Some("1001 OR 1=1"), false);
    check("vauban-subject", Some("9999999999999"), false);
    check("vauban-tenant", None, false);
    check("vauban-tenant", Some(""), false);
    check("vauban-tenant", Some("north' --"), false);
    check("vauban-roles", None, false);
    check("vauban-roles", Some(""), true);
    check("vauban-roles", Some("user;admin"), false);
    check("vauban-operation", None, false);
    check("vauban-operation", Some(""), false);
    check("vauban-db-context", None, true);
    check("vauban-db-context", Some(""), false);
    check("vauban-db-context", Some("1.1001', true)"), false);
    check("vauban-db-context", Some(&"a".repeat(513)), false);
}

#[test]
fn a_header_that_stands_twice_does_not_hold() {
    for (name, value) in GOOD {
        let mut pairs = GOOD.to_vec();
        pairs.push((name, value));
        assert_eq!(Caller::read(&headers(&pairs)).map(|_| ()), Err(name));
    }
}
