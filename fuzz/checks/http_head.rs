//! A head is judged without a panic, the same whole and in pieces, and nothing that passes has two framings.

use vauban_http::{BodyFraming, HeadLimits, judge_head, read_head};

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 16_384,
    headers_max: 64,
    target_bytes_max: 8192,
};

pub(crate) fn check(bytes: &[u8]) {
    let whole = read_head(bytes, 0, &LIMITS);
    let cut = bytes.len() / 2;
    if let Ok(None) = read_head(&bytes[..cut], 0, &LIMITS) {
        assert_eq!(read_head(bytes, cut, &LIMITS), whole);
    }
    let Ok(Some((end, framing))) = whole else {
        return;
    };
    let head = &bytes[..end];
    assert_eq!(judge_head(head, &LIMITS), Ok(framing));
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let count = |name: &str| text.matches(&format!("\r\n{name}:")).count();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    assert!(count("host") <= 1);
    match framing {
        BodyFraming::None => assert_eq!(
            (count("content-length"), count("transfer-encoding")),
            (0, 0)
        ),
        BodyFraming::Length(_) => assert_eq!(
            (count("content-length"), count("transfer-encoding")),
            (1, 0)
        ),
        BodyFraming::Chunked => assert_eq!(
            (count("content-length"), count("transfer-encoding")),
            (0, 1)
        ),
    }
}
