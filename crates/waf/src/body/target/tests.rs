use super::*;

/// Expected are the target, decoded; the file name; its base name; and the query.
fn check(text: &str, expected: (&str, &str, Option<&str>, Option<&str>)) {
    let parts = target(text.as_bytes());
    let (uri, filename, basename, query) = expected;
    assert_eq!(parts.uri_raw, text.as_bytes());
    assert_eq!(parts.uri.as_ref(), uri.as_bytes(), "{text}");
    assert_eq!(parts.filename.as_ref(), filename.as_bytes(), "{text}");
    assert_eq!(parts.basename(), basename.map(str::as_bytes), "{text}");
    assert_eq!(parts.query, query.map(str::as_bytes), "{text}");
}

#[test]
fn targets() {
    check("", ("", "", None, None));
    check("/", ("/", "/", None, None));
    check("*", ("*", "*", None, None));
    check(
        "/a/b.php?x=%41#f",
        ("/a/b.php?x=A", "/a/b.php", Some("b.php"), Some("x=%41")),
    );
    check("/a%2fb?", ("/a/b?", "/a/b", Some("b"), Some("")));
    check("/a%3fb/c", ("/a?b/c", "/a?b/c", Some("c"), None));
    check("/a\\b+%zz", ("/a\\b+%zz", "/a\\b+%zz", Some("b+%zz"), None));
    check("/#?a", ("/", "/", None, None));
}

#[test]
fn absolute_targets_lose_their_authority_in_the_uri_only() {
    check(
        "http://h:80/a?b",
        ("/a?b", "http://h:80/a", Some("a"), Some("b")),
    );
    check("http://h", ("http://h", "http://h", Some("h"), None));
    check("h:443", ("h:443", "h:443", None, None));
    check("a/b://c/d", ("/d", "a/b://c/d", Some("d"), None));
    check("/x://c/d", ("/x://c/d", "/x://c/d", Some("d"), None));
}
