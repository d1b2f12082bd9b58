use http::HeaderValue;

use super::*;

fn check(values: &[&[u8]], expected: Result<Option<&str>, TokenRefusal>) {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    assert_eq!(bearer(&headers), expected, "{values:?}");
}

#[test]
fn the_token_of_exactly_one_header() {
    check(&[], Ok(None));
    check(&[b"Bearer a.b.c"], Ok(Some("a.b.c")));
    check(&[b"bearer a.b.c"], Ok(Some("a.b.c")));
    check(&[b"BEARER a.b.c"], Ok(Some("a.b.c")));
    check(&[b"Bearer"], Ok(None));
    check(&[b"Bearer "], Ok(Some("")));
    check(&[b"Bearer  a"], Ok(Some(" a")));
    check(&[b"Basic a"], Ok(None));
    check(&[b"Bearera"], Ok(None));
    check(&[b"Bearer a", b"Bearer a"], Err(TokenRefusal::Repeated));
    check(&[b"Basic a", b"Bearer b"], Err(TokenRefusal::Repeated));
    check(
        &[b"Bearer \xff"],
        Err(TokenRefusal::Malformed("not base64url")),
    );
}
