use http::Method;
use vauban_policy::Denial;

use super::{Endpoint, find, refusal};
use crate::judge::Needed;

#[test]
fn targets_are_known_octet_for_octet() {
    for (method, target, expected) in [
        ("POST", "/auth/login", Some(Endpoint::Login)),
        ("GET", "/.well-known/jwks.json", Some(Endpoint::Keys)),
        ("GET", "/readyz", Some(Endpoint::Ready)),
        ("GET", "/readyz/", None),
        (
            "GET",
            "/internal/sessions/abc-123_X",
            Some(Endpoint::Session("abc-123_X")),
        ),
        ("GET", "/readyz", Some(Endpoint::Ready)),
        ("GET", "/readyz/", None),
        ("GET", "/internal/sessions/", None),
        ("GET", "/internal/sessions/a/b", None),
        ("GET", "/internal/sessions/a%2fb", None),
        ("GET", "/internal/sessions/a?x=1", None),
        ("POST", "/auth/login?x", None),
        ("POST", "/auth/login/", None),
        ("POST", "/AUTH/login", None),
        ("POST", "/auth//login", None),
        ("POST", "/", None),
    ] {
        let uri: http::Uri = target.parse().unwrap();
        let found = find(&method.parse().unwrap(), &uri).map(|(endpoint, _template)| endpoint);
        assert_eq!(
            found,
            expected.ok_or(Denial::RouteUnknown),
            "{method} {target}"
        );
    }
}

#[test]
fn other_methods_are_refused_with_the_one_that_fits() {
    for (method, target, allowed) in [
        (Method::GET, "/auth/login", "POST"),
        (Method::HEAD, "/internal/keys", "GET"),
        (Method::DELETE, "/internal/sessions/a", "GET"),
        (Method::GET, "/internal/exchange", "POST"),
    ] {
        let uri: http::Uri = target.parse().unwrap();
        assert_eq!(
            find(&method, &uri),
            Err(Denial::MethodRefused {
                allowed: vec![allowed.to_owned()]
            }),
            "{target}"
        );
    }
}

#[test]
fn only_joining_needs_no_certificate() {
    for (endpoint, needed) in [
        (Endpoint::Login, Some(Needed::Edge)),
        (Endpoint::Refresh, Some(Needed::Edge)),
        (Endpoint::Logout, Some(Needed::Edge)),
        (Endpoint::Keys, Some(Needed::Edge)),
        (Endpoint::Exchange, Some(Needed::Edge)),
        (Endpoint::Revocations, Some(Needed::Edge)),
        (Endpoint::Session("a"), Some(Needed::Guard)),
        (Endpoint::InternalKeys, Some(Needed::Guard)),
        (Endpoint::Renew, Some(Needed::Workload)),
        (Endpoint::Join, None),
    ] {
        assert_eq!(endpoint.needed(), needed, "{endpoint:?}");
    }
}

#[test]
fn refusals_have_one_shape() {
    let header = |denial: &Denial, name: &str| {
        let response = refusal(denial, "d");
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let throttled = Denial::LoginThrottled {
        retry_after_seconds: 7,
    };
    assert_eq!(refusal(&throttled, "d").status(), 429);
    assert_eq!(header(&throttled, "retry-after").as_deref(), Some("7"));
    assert_eq!(
        header(&throttled, "content-type").as_deref(),
        Some("application/problem+json")
    );
    assert_eq!(
        header(&throttled, "cache-control").as_deref(),
        Some("no-store")
    );
    assert_eq!(
        header(&Denial::TokenMissing, "www-authenticate").as_deref(),
        Some("Bearer")
    );
    let wrong_method = Denial::MethodRefused {
        allowed: vec!["GET".to_owned()],
    };
    assert_eq!(header(&wrong_method, "allow").as_deref(), Some("GET"));
}
