//! Escapes and classes: what stands for one byte.

use super::error::{PatternError, Problem};
use super::reader::Reader;
use super::syntax::{fold, is_word, set_where};
use crate::transform::ByteSet;

/// An escape that stands for one byte.
pub(super) enum Item {
    Byte(u8),
    Set(ByteSet),
}

/// White space of `\s` in the C locale: PCRE2 counts the vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0d | b' ')
}

/// `\d`, `\h`, `\s`, `\v`, `\w`, `\N` and their opposites.
pub(super) fn shorthand(letter: u8) -> Option<ByteSet> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => set_where(|byte| byte.is_ascii_digit()),
        b'h' => ByteSet::of(b"\t \xa0"),
        b's' => set_where(is_space),
        b'v' => ByteSet::of(b"\n\x0b\x0c\r\x85"),
        b'w' => set_where(is_word),
        b'n' if letter == b'N' => ByteSet::of(b"\n"),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() {
        set.complement()
    } else {
        set
    })
}

/// A byte escape whose letter, `letter`, has been read: the same inside and outside a class.
pub(super) fn byte_escape(
    reader: &mut Reader<'_>,
    start: usize,
    letter: u8,
) -> Result<Option<u8>, PatternError> {
    Ok(Some(match letter {
        b'a' => 0x07,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'c' => match reader.next() {
            Some(byte @ b' '..=b'~') => byte.to_ascii_uppercase() ^ 0x40,
            _ => return Err(PatternError::new(Problem::Control, start)),
        },
        b'x' => hexadecimal(reader, start)?,
        b'o' => {
            if !reader.take(b"{") {
                return Err(PatternError::new(Problem::Octal, start));
            }
            braced(reader, start, 8)?
        }
        b'0' => octal(reader, 0, 2, start)?,
        _ if !letter.is_ascii_alphanumeric() => letter,
        _ => return Ok(None),
    }))
}

fn hexadecimal(reader: &mut Reader<'_>, start: usize) -> Result<u8, PatternError> {
    if reader.take(b"{") {
        return braced(reader, start, 16);
    }
    let mut value = 0_u8;
    for _ in 0..2 {
        let Some(digit) = reader.peek().and_then(|byte| digit(byte, 16)) else {
            break;
        };
        reader.skip(1);
        value = value << 4 | digit;
    }
    Ok(value)
}

fn digit(byte: u8, radix: u32) -> Option<u8> {
    let digit = char::from(byte).to_digit(radix)?;
    u8::try_from(digit).ok()
}

/// Digits up to `}`; the brace before them has been read.
fn braced(reader: &mut Reader<'_>, start: usize, radix: u32) -> Result<u8, PatternError> {
    let mut value = 0_u32;
    let mut digits = 0;
    loop {
        let byte = reader.next();
        let Some(digit) = byte.and_then(|byte| digit(byte, radix)) else {
            let byte = u8::try_from(value).ok();
            return match (byte, digits) {
                (Some(value), 1..) if reader.last() == Some(b'}') => Ok(value),
                (None, _) => Err(PatternError::new(Problem::CodePoint, start)),
                _ => Err(PatternError::new(Problem::Number, start)),
            };
        };
        digits += 1;
        value = value.saturating_mul(radix).saturating_add(u32::from(digit));
    }
}

/// Up to `most` further octal digits behind those that make `value`.
pub(super) fn octal(
    reader: &mut Reader<'_>,
    value: u32,
    most: usize,
    start: usize,
) -> Result<u8, PatternError> {
    let mut value = value;
    for _ in 0..most {
        let Some(digit) = reader.peek().and_then(|byte| digit(byte, 8)) else {
            break;
        };
        reader.skip(1);
        value = value << 3 | u32::from(digit);
    }
    u8::try_from(value).map_err(|_too_large| PatternError::new(Problem::CodePoint, start))
}

/// A class whose `[` has been read.
pub(super) fn class(reader: &mut Reader<'_>) -> Result<ByteSet, PatternError> {
    let start = reader.at().saturating_sub(1);
    let negated = reader.take(b"^");
    let mut set = ByteSet::empty();
    let mut first = true;
    loop {
        skip_quote_marks(reader);
        if !first && !reader.quoting() && reader.take(b"]") {
            break;
        }
        first = false;
        let item = class_item(reader, start)?;
        let Item::Byte(low) = item else {
            if let Item::Set(more) = item {
                set = set.union(more);
            }
            continue;
        };
        set.insert(low);
        if let Some(high) = range_end(reader, start)? {
            if high < low {
                return Err(PatternError::new(Problem::Range, start));
            }
            set = set.union(set_where(|byte| (low..=high).contains(&byte)));
        }
    }
    if reader.flags.caseless {
        set = fold(set);
    }
    Ok(if negated { set.complement() } else { set })
}

/// `\Q` and `\E` in a class begin and end literal text and are nothing themselves.
fn skip_quote_marks(reader: &mut Reader<'_>) {
    loop {
        let changed = if reader.quoting() {
            reader.take(br"\E") && reader.quote(false)
        } else {
            (reader.take(br"\Q") && reader.quote(true)) || reader.take(br"\E")
        };
        if !changed {
            return;
        }
    }
}

/// The end of a range, when a `-` and a byte follow. Else nothing is read: that `-` means itself.
fn range_end(reader: &mut Reader<'_>, start: usize) -> Result<Option<u8>, PatternError> {
    skip_quote_marks(reader);
    if reader.quoting() || reader.peek() != Some(b'-') || reader.peek_at(1) == Some(b']') {
        return Ok(None);
    }
    let before = reader.save();
    reader.skip(1);
    skip_quote_marks(reader);
    if !reader.quoting() && reader.peek() == Some(b']') {
        reader.restore(before);
        return Ok(None);
    }
    match class_item(reader, start)? {
        Item::Byte(high) => Ok(Some(high)),
        Item::Set(_) => {
            reader.restore(before);
            Ok(None)
        }
    }
}

fn class_item(reader: &mut Reader<'_>, start: usize) -> Result<Item, PatternError> {
    let at = reader.at();
    let Some(byte) = reader.next() else {
        return Err(PatternError::new(Problem::Class, start));
    };
    if reader.quoting() {
        return Ok(Item::Byte(byte));
    }
    match byte {
        b'[' => Ok(match posix(reader, at)? {
            Some(set) => Item::Set(set),
            None => Item::Byte(b'['),
        }),
        b'\\' => {
            let Some(letter) = reader.next() else {
                return Err(PatternError::new(Problem::Backslash, at));
            };
            if letter == b'b' {
                return Ok(Item::Byte(0x08));
            }
            if letter != b'N'
                && let Some(set) = shorthand(letter)
            {
                return Ok(Item::Set(set));
            }
            if let Some(value) = digit(letter, 8).filter(|value| *value > 0) {
                return octal(reader, u32::from(value), 2, at).map(Item::Byte);
            }
            match byte_escape(reader, at, letter)? {
                Some(byte) => Ok(Item::Byte(byte)),
                None => Err(PatternError::new(Problem::Escape(letter), at)),
            }
        }
        byte => Ok(Item::Byte(byte)),
    }
}

/// A POSIX class behind its `[`; nothing is read when it is none.
fn posix(reader: &mut Reader<'_>, at: usize) -> Result<Option<ByteSet>, PatternError> {
    let Some(mark @ (b':' | b'.' | b'=')) = reader.peek() else {
        return Ok(None);
    };
    let rest = reader.rest();
    let name = rest.get(1..).unwrap_or_default();
    let length = name
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'^')
        .count();
    if name.get(length..length.saturating_add(2)) != Some(&[mark, b']']) {
        return Ok(None);
    }
    let name = name.get(..length).unwrap_or_default();
    let (negated, name) = match name.split_first() {
        Some((b'^', name)) => (true, name),
        _ => (false, name),
    };
    let name = match name {
        b"lower" | b"upper" if reader.flags.caseless => b"alpha",
        name => name,
    };
    let set = posix_set(name).filter(|_| mark == b':');
    let set = set.ok_or_else(|| PatternError::new(Problem::Posix, at))?;
    reader.skip(length.saturating_add(3));
    Ok(Some(if negated { set.complement() } else { set }))
}

fn posix_set(name: &[u8]) -> Option<ByteSet> {
    let wanted: fn(u8) -> bool = match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"ascii" => |byte| byte.is_ascii(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => is_space,
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"word" => is_word,
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    };
    Some(set_where(wanted))
}

/// A literal byte, in both cases when the flags say so.
pub(super) fn literal(byte: u8, caseless: bool) -> ByteSet {
    let set = ByteSet::of(&[byte]);
    if caseless { fold(set) } else { set }
}
