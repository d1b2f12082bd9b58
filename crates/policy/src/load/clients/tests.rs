use super::redirect_uri;

fn check(text: &str, expected: Result<(), &str>) {
    assert_eq!(redirect_uri(text).map(drop), expected, "{text}");
}

#[test]
fn redirect_uris_that_can_be_compared() {
    for text in [
        "https://app.example/callback",
        "https://app.example:8443/cb?from=x",
        "https://app.example",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:4000/cb",
        "http://[::1]/cb",
        "com.example.app:/cb",
    ] {
        check(text, Ok(()));
    }
}

#[test]
fn redirect_uris_that_lead_astray() {
    let character = "it has a character that no URI has";
    let scheme = "its scheme is neither `https` nor a domain name in reverse";
    let host = "without TLS it must be `127.0.0.1` or `[::1]` (RFC 8252 §8.3)";
    for (text, why) in [
        ("", "it is not absolute"),
        ("/cb", "it is not absolute"),
        (
            "https://app.example/#x",
            "it has a fragment (RFC 6749 §3.1.2)",
        ),
        (
            "https://*.example/cb",
            "patterns are not allowed (RFC 9700 §2.1)",
        ),
        ("https://app.example/a b", character),
        ("https://app.example\\@evil.example/", character),
        ("https://user@evil.example/", "its host cannot be compared"),
        ("https:///cb", "its host cannot be compared"),
        ("https:app.example", "it names no host"),
        ("http://app.example/cb", host),
        ("http://127.0.0.1.evil.example/cb", host),
        ("http://localhost/cb", host),
        ("javascript:alert(1)", scheme),
        ("data:text/html,x", scheme),
        ("myapp://cb", scheme),
    ] {
        check(text, Err(why));
    }
    check(
        &format!("https://a.example/{}", "x".repeat(512)),
        Err("it is too long"),
    );
}

#[test]
fn only_the_port_of_a_loopback_address_may_differ() {
    let uri = redirect_uri("http://127.0.0.1/cb").unwrap();
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
    ] {
        assert!(uri.admits(good), "{good}");
    }
    for bad in [
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1:1/cb/",
        "http://127.0.0.1:1/CB",
        "http://127.0.0.2:1/cb",
        "https://127.0.0.1:1/cb",
        "http://[::1]:1/cb",
    ] {
        assert!(!uri.admits(bad), "{bad}");
    }
    let fixed = redirect_uri("http://127.0.0.1:4000/cb").unwrap();
    assert!(!fixed.admits("http://127.0.0.1:4001/cb"));
    let https = redirect_uri("https://app.example/cb").unwrap();
    assert!(!https.admits("https://app.example/cb?x") && !https.admits("https://APP.example/cb"));
}
