//! Percent-encoding (RFC 3986, section 2.1), strictly read and canonically written.

use crate::TargetRefusal;

/// What `+` means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Literal,
    Space,
}

/// Decodes one component. Refuses broken encodings, controls, spaces, backslashes, and what is not UTF-8.
pub(super) fn decode(raw: &str, plus: Plus) -> Result<String, TargetRefusal> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
                    return Err(TargetRefusal::PercentEncoding);
                };
                decoded.push((high << 4) | low);
            }
            b'+' if plus == Plus::Space => decoded.push(b' '),
            b'\\' => return Err(TargetRefusal::Backslash),
            b' ' | 0x80..=0xff => return Err(TargetRefusal::Character),
            _ => decoded.push(byte),
        }
    }
    let Ok(text) = String::from_utf8(decoded) else {
        return Err(TargetRefusal::Utf8);
    };
    if text.chars().any(char::is_control) {
        Err(TargetRefusal::Control)
    } else {
        Ok(text)
    }
}

/// Writes unreserved characters as they are and everything else as `%XX` in upper case.
pub(super) fn encode(decoded: &str, text: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in decoded.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
            continue;
        }
        text.push('%');
        for half in [byte >> 4, byte & 15] {
            text.extend(DIGITS.get(usize::from(half)));
        }
    }
}

fn digit(byte: Option<u8>) -> Option<u8> {
    byte.and_then(|byte| char::from(byte).to_digit(16))
        .and_then(|digit| u8::try_from(digit).ok())
}
