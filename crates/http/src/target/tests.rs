use super::*;
use TargetRefusal as R;

fn check(text: &str, canonical: &str, segments: &[&str], pairs: &[(&str, &str)]) {
    let target = Target::parse(text).unwrap_or_else(|refusal| panic!("{text:?}: {refusal}"));
    assert_eq!(target.to_canonical(), canonical, "{text:?}");
    assert_eq!(target.path.segments(), segments, "{text:?}");
    let read: Vec<_> = target
        .query
        .pairs()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(read, pairs, "{text:?}");
    assert_eq!(Target::parse(canonical).as_ref(), Ok(&target), "{text:?}");
}

fn refused(texts: &[&str], refusal: R) {
    for text in texts {
        assert_eq!(Target::parse(text), Err(refusal), "{text:?}");
    }
}

#[test]
fn what_is_read() {
    check("/", "/", &[], &[]);
    check("/?", "/", &[], &[]);
    check("/a/b", "/a/b", &["a", "b"], &[]);
    check("/%61/%7eb/~", "/a/~b/~", &["a", "~b", "~"], &[]);
    check("/a%20b/%c3%a9", "/a%20b/%C3%A9", &["a b", "\u{e9}"], &[]);
    check(
        "/a@b:c/x+y=z",
        "/a%40b%3Ac/x%2By%3Dz",
        &["a@b:c", "x+y=z"],
        &[],
    );
    check("/a.b/...", "/a.b/...", &["a.b", "..."], &[]);
    check("/%252e%252e", "/%252e%252e", &["%2e%2e"], &[]);
    check(
        "/a?b=c&b=d",
        "/a?b=c&b=d",
        &["a"],
        &[("b", "c"), ("b", "d")],
    );
    check(
        "/a?b&c=&&d=1=2",
        "/a?b=&c=&d=1%3D2",
        &["a"],
        &[("b", ""), ("c", ""), ("d", "1=2")],
    );
    check(
        "/a?q=x+y%2Bz%26",
        "/a?q=x%20y%2Bz%26",
        &["a"],
        &[("q", "x y+z&")],
    );
    check(
        "/a?u=/../?;[x]",
        "/a?u=%2F..%2F%3F%3B%5Bx%5D",
        &["a"],
        &[("u", "/../?;[x]")],
    );
}

#[test]
fn not_origin_form() {
    refused(&["", "a", "*", "http://a/b", "?a"], R::NotOriginForm);
}

#[test]
fn too_long() {
    let fits = "/".to_owned() + &"a".repeat(TARGET_CANONICAL_BYTES_MAX - 1);
    assert!(Target::parse(&fits).is_ok());
    refused(&[&(fits + "a")], R::TooLong);
    // It is the canonical form that is measured.
    refused(
        &[&("/?q=".to_owned() + &"@".repeat(TARGET_CANONICAL_BYTES_MAX / 2))],
        R::TooLong,
    );
}

#[test]
fn dot_segment() {
    refused(
        &[
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/a",
            "/.%2E",
            "/a/%2e",
        ],
        R::DotSegment,
    );
}

#[test]
fn empty_segment() {
    refused(&["//", "//a", "/a//b", "/a/"], R::EmptySegment);
}

#[test]
fn encoded_slash() {
    refused(&["/a%2fb", "/a%2F..%2Fb"], R::EncodedSlash);
}

#[test]
fn backslash() {
    refused(&["/a\\b", "/a%5cb", "/a%5C..", "/a?b=c\\d"], R::Backslash);
}

#[test]
fn control() {
    refused(
        &[
            "/a%00",
            "/a%0d%0aX:%20y",
            "/%7f",
            "/%C2%80",
            "/a?b=%00",
            "/a?b=%0A",
        ],
        R::Control,
    );
    refused(&["/a\u{0}", "/a\tb", "/a?b=\r\n"], R::Control);
}

#[test]
fn percent_encoding() {
    refused(
        &["/%", "/%2", "/%2g", "/%zz", "/a%u0041", "/a?b=%", "/a?%4=x"],
        R::PercentEncoding,
    );
}

#[test]
fn utf8() {
    refused(
        &["/%ff", "/%c0%ae", "/%e0%80%af", "/%ed%a0%80", "/a?b=%fe"],
        R::Utf8,
    );
}

#[test]
fn path_parameter() {
    refused(
        &["/a;b", "/a;jsessionid=1/b", "/a%3bb", "/..;/b"],
        R::PathParameter,
    );
}

#[test]
fn fragment() {
    refused(&["/a#b", "/#", "/a?b#c", "#"], R::Fragment);
}

#[test]
fn character() {
    refused(
        &["/a b", "/\u{e9}", "/a?b=c d", "/a?\u{e9}=1"],
        R::Character,
    );
}

#[test]
fn query_name_empty() {
    refused(&["/a?=b", "/a?b=c&=d", "/a?="], R::QueryNameEmpty);
}
