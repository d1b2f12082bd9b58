//! Is a value made as it should be? These find what is not.

use crate::seclang::syntax::ByteRanges;
use crate::transform::ByteSet;

/// The bytes that are not allowed: a value whose bytes do not meet them needs no look.
pub(crate) fn bytes_refused(ranges: &ByteRanges) -> ByteSet {
    ByteSet::of_table(&ranges.0).complement()
}

/// `@validateByteRange`: where the first byte is that is not allowed.
pub(crate) fn validate_byte_range(value: &[u8], ranges: &ByteRanges) -> Option<usize> {
    let allowed = |byte: u8| ranges.0.get(usize::from(byte)).copied().unwrap_or(false);
    value.iter().position(|byte| !allowed(*byte))
}

/// What `@validateUrlEncoding` finds; each at the place of its `%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlEncodingFault {
    /// `%zz`
    NotHexadecimal { at: usize },
    /// Fewer than two bytes follow.
    TooShort { at: usize },
}

/// `@validateUrlEncoding`: the first `%` without two hexadecimal digits.
pub(crate) fn validate_url_encoding(value: &[u8]) -> Option<UrlEncodingFault> {
    memchr::memchr_iter(b'%', value).find_map(|at| {
        // `%` is no digit: the two bytes behind a sound one hold none, so that every `%` that is met begins an escape.
        let behind = value.get(at + 1..).unwrap_or_default();
        match behind.first_chunk::<2>() {
            None => Some(UrlEncodingFault::TooShort { at }),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => None,
            Some(_) => Some(UrlEncodingFault::NotHexadecimal { at }),
        }
    })
}

/// What `@validateUtf8Encoding` finds; each at the place of the character's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Utf8Fault {
    /// The value ends within the character.
    CharactersMissing { at: usize },
    /// A byte that cannot stand there.
    InvalidEncoding { at: usize },
    /// There is a shorter form.
    Overlong { at: usize },
    /// A surrogate, or a first byte of characters that will never be.
    Restricted { at: usize },
}

/// `@validateUtf8Encoding`: the first character that is not well formed. As in `libmodsecurity`, U+110000 to U+13FFFF pass.
pub(crate) fn validate_utf8_encoding(value: &[u8]) -> Option<Utf8Fault> {
    let mut at = match std::str::from_utf8(value) {
        Ok(_) => return None,
        Err(error) => error.valid_up_to(),
    };
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        match character(rest, at) {
            Ok(length) => at += length,
            Err(fault) => return Some(fault),
        }
    }
    None
}

/// The length of the character at the start.
fn character(rest: &[u8], at: usize) -> Result<usize, Utf8Fault> {
    let (length, mask, least) = match rest.first() {
        None | Some(0..=0x7f) => return Ok(1),
        Some(0xc0..=0xdf) => (2, 0x1f, 0x80),
        Some(0xe0..=0xef) => (3, 0x0f, 0x800),
        Some(0xf0..=0xf4) => (4, 0x07, 0x1_0000),
        Some(0xf5..=0xf7) => return Err(Utf8Fault::Restricted { at }),
        Some(0x80..=0xbf | 0xf8..=0xff) => return Err(Utf8Fault::InvalidEncoding { at }),
    };
    let Some((first, following)) = rest.get(..length).and_then(<[u8]>::split_first) else {
        return Err(Utf8Fault::CharactersMissing { at });
    };
    let mut number = u32::from(first & mask);
    for byte in following {
        if byte & 0xc0 != 0x80 {
            return Err(Utf8Fault::InvalidEncoding { at });
        }
        number = (number << 6) | u32::from(byte & 0x3f);
    }
    match number {
        0xd800..=0xdfff => Err(Utf8Fault::Restricted { at }),
        number if number < least => Err(Utf8Fault::Overlong { at }),
        _ => Ok(length),
    }
}
