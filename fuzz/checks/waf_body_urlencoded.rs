//! The query string, cookies and the target: no panic, and no value longer than its source.

use vauban_waf::body::{cookies, target, urlencoded};

pub(crate) fn check(data: &[u8]) {
    let mut bytes = 0_usize;
    let result = urlencoded(data, b'&', &mut |name: &[u8], value: &[u8]| {
        bytes += name.len() + value.len();
        true
    });
    assert!(result.complete && bytes <= data.len());
    cookies(data, &mut |name: &[u8], _value: &[u8]| !name.is_empty());
    let parts = target(data);
    assert!(parts.uri.len() <= data.len() && parts.filename.len() <= data.len());
    assert!(parts.basename().is_none_or(|name| !name.is_empty()));
}
