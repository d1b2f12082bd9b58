//! Chunked framing reads the same at once and byte by byte, and agrees with a slow reader that decodes whole bodies.

use vauban_http::ChunkReader;

/// How far a body goes when it is whole and plain; the oracle.
fn slow(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = bytes[at..].windows(2).position(|pair| pair == b"\r\n")?;
        let digits = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        if digits.is_empty()
            || digits.len() > 15
            || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return None;
        }
        let size = usize::from_str_radix(digits, 16).ok()?;
        at += line + 2;
        let end = at.checked_add(size)?;
        if bytes.get(end..end.checked_add(2)?)? != b"\r\n" {
            return None;
        }
        at = end + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let whole = ChunkReader::new().advance(bytes);
    let mut reader = ChunkReader::new();
    let mut pieces = Ok((0, false));
    for byte in bytes.chunks(1) {
        match reader.advance(byte) {
            Ok(progress) => pieces = pieces.map(|(at, _)| (at + progress.consumed, progress.done)),
            Err(refusal) => pieces = Err(refusal),
        }
        if !matches!(pieces, Ok((_, false))) {
            break;
        }
    }
    assert_eq!(
        whole.map(|progress| (progress.consumed, progress.done)),
        pieces
    );
    let done = whole
        .ok()
        .filter(|progress| progress.done)
        .map(|progress| progress.consumed);
    assert_eq!(done, slow(bytes));
}
