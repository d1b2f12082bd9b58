use super::basic;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn check(value: &str, expected: Option<(&str, &str)>) {
    let found = basic(value);
    let found = found
        .as_ref()
        .map(|(id, secret)| (id.as_str(), secret.as_str()));
    assert_eq!(found, expected, "{value}");
}

#[test]
fn the_header_is_read_as_rfc_6749_writes_it() {
    let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
    check(&header("reports:s3cret"), Some(("reports", "s3cret")));
    check(&header("reports:a%3Ab%25+c"), Some(("reports", "a:b% c")));
    check(&header("reports:a:b"), Some(("reports", "a:b")));
    check(
        &header("reports:").replace("Basic", "bAsIc"),
        Some(("reports", "")),
    );
    check(&header("reports"), None);
    check(&header("reports:%zz"), None);
    check(&header("a&b=c:d"), None);
    check(&header(&format!("reports:{}", "x".repeat(257))), None);
    check("Basic !!!", None);
    check("Bearer abc", None);
    check("Basic", None);
}
