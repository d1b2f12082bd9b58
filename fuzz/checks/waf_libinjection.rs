//! SQL injection and XSS are judged without a panic; what stands in a value decides alone, and plain values are no attack.

use vauban_waf::libinjection::{sqli, xss};

pub(crate) fn check(bytes: &[u8]) {
    let fingerprint = sqli(bytes);
    assert_eq!(fingerprint, sqli(bytes));
    if let Some(fingerprint) = fingerprint {
        assert!((1..=5).contains(&fingerprint.as_str().len()));
        assert!(
            !bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        );
    }
    if xss(bytes) {
        assert!(bytes.contains(&b'<') || bytes.contains(&b'='));
    }
}
