//! Tags, attributes and addresses that run scripts.

use super::bytes::{after, first};
use super::html::{Html, Piece, PieceKind, Place};

/// What an attribute does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Nothing that matters.
    Harmless,
    /// It runs it, or is used by nobody else.
    Run,
    /// It goes to an address.
    Address,
    /// It names an attribute.
    Name,
}

/// Whether `input` holds a script in any place that it can be put. No `<` and no `=` comes behind `last`.
pub(super) fn xss_until(input: &[u8], last: usize) -> bool {
    let before_last = first(input, last);
    // Text between tags needs a `<`, and nothing before the first quote counts behind one.
    (memchr::memchr(b'<', first(input, last + 1)).is_some() && runs(input, Place::Data, last))
        || runs(input, Place::Unquoted, last)
        || [b'\'', b'"', b'`'].into_iter().any(|quote| {
            memchr::memchr(quote, before_last).is_some() && runs(input, Place::Quoted(quote), last)
        })
}

/// The same without knowing where the last `<` or `=` is: every place is read to its end.
#[cfg(test)]
pub(super) fn xss_everywhere(input: &[u8]) -> bool {
    let quoted = [b'\'', b'"', b'`'].map(Place::Quoted);
    [Place::Data, Place::Unquoted]
        .into_iter()
        .chain(quoted)
        .any(|place| runs(input, place, usize::MAX))
}

fn runs(input: &[u8], place: Place, last: usize) -> bool {
    let mut html = Html::new(input, place);
    let mut value = Use::Harmless;
    while !html.is_past(last)
        && let Some(piece) = html.next()
    {
        let judged = std::mem::replace(&mut value, Use::Harmless);
        let hostile = match piece.kind {
            PieceKind::Doctype => true,
            PieceKind::TagOpen => is_hostile_tag(piece.text),
            PieceKind::AttributeName => {
                value = use_of(piece.text);
                false
            }
            PieceKind::AttributeValue => is_hostile_value(judged, piece.text),
            PieceKind::Comment => is_hostile_comment(&piece),
            PieceKind::Text | PieceKind::TagEnd | PieceKind::TagSelfClose | PieceKind::TagClose => {
                false
            }
        };
        if hostile {
            return true;
        }
    }
    false
}

/// Room for the longest name in the lists below and a byte more, so that longer names stay different.
const NAME_BYTES_MAX: usize = 14;

/// A name in upper case and without its NULs, cut where it is longer than any that is known.
struct Name {
    bytes: [u8; NAME_BYTES_MAX],
    len: usize,
}

impl Name {
    fn of(text: &[u8]) -> Self {
        let mut bytes = [0; NAME_BYTES_MAX];
        let mut len = 0;
        let letters = text.iter().filter(|byte| **byte != 0);
        for (slot, byte) in bytes.iter_mut().zip(letters) {
            *slot = byte.to_ascii_uppercase();
            len += 1;
        }
        Self { bytes, len }
    }

    fn as_bytes(&self) -> &[u8] {
        first(&self.bytes, self.len)
    }
}

fn is_hostile_tag(text: &[u8]) -> bool {
    if text.len() < 3 {
        return false;
    }
    let name = Name::of(text);
    let listed = matches!(
        name.as_bytes(),
        b"APPLET"
            | b"BASE"
            | b"COMMENT"
            | b"EMBED"
            | b"FRAME"
            | b"FRAMESET"
            | b"HANDLER"
            | b"IFRAME"
            | b"IMPORT"
            | b"ISINDEX"
            | b"LINK"
            | b"LISTENER"
            | b"META"
            | b"NOSCRIPT"
            | b"OBJECT"
            | b"SCRIPT"
            | b"STYLE"
            | b"VMLFRAME"
            | b"XML"
            | b"XSS"
    );
    let start = first(text, 3);
    listed || start.eq_ignore_ascii_case(b"SVG") || start.eq_ignore_ascii_case(b"XSL")
}

fn use_of(name: &[u8]) -> Use {
    if name.len() < 2 {
        return Use::Harmless;
    }
    if name.len() >= 5 {
        let start = first(name, 5);
        if first(name, 2).eq_ignore_ascii_case(b"ON")
            || start.eq_ignore_ascii_case(b"XMLNS")
            || start.eq_ignore_ascii_case(b"XLINK")
        {
            return Use::Run;
        }
    }
    match Name::of(name).as_bytes() {
        b"DATAFORMATAS" | b"DATASRC" | b"FILTER" | b"STYLE" => Use::Run,
        b"ATTRIBUTENAME" => Use::Name,
        b"ACTION" | b"BY" | b"BACKGROUND" | b"DYNSRC" | b"FORMACTION" | b"FOLDER" | b"FROM"
        | b"HANDLER" | b"HREF" | b"LOWSRC" | b"POSTER" | b"SRC" | b"TO" | b"VALUES"
        | b"XLINK:HREF" => Use::Address,
        _ => Use::Harmless,
    }
}

fn is_hostile_value(attribute: Use, value: &[u8]) -> bool {
    match attribute {
        Use::Harmless => false,
        Use::Run => true,
        Use::Address => is_hostile_address(value),
        Use::Name => use_of(value) != Use::Harmless,
    }
}

fn is_hostile_comment(comment: &Piece<'_>) -> bool {
    let text = comment.text;
    // Internet Explorer ends a comment with a tick, and runs what stands in `<!--[if …` and `<?import`.
    memchr::memchr(b'`', text).is_some()
        || (text.len() > 3
            && (first(text, 3).eq_ignore_ascii_case(b"[IF")
                || first(text, 3).eq_ignore_ascii_case(b"XML")))
        || (text.len() > 5
            && (first(text, 6).eq_ignore_ascii_case(b"IMPORT")
                || first(text, 6).eq_ignore_ascii_case(b"ENTITY")))
}

/// Whether an address runs a script or shows a source. White space, controls and all that is not ASCII may stand before it.
fn is_hostile_address(value: &[u8]) -> bool {
    let blank = value
        .iter()
        .take_while(|byte| **byte <= 32 || **byte >= 127)
        .count();
    let value = after(value, blank);
    [&b"DATA"[..], b"VIEW-SOURCE", b"JAVA", b"VBSCRIPT"]
        .into_iter()
        .any(|scheme| begins_with(value, scheme))
}

/// Whether `value`, its character references resolved and its NULs and line feeds left out, begins with `scheme`.
fn begins_with(mut value: &[u8], scheme: &[u8]) -> bool {
    let mut expected = scheme.iter();
    let mut at_start = true;
    let Some(mut wanted) = expected.next() else {
        return true;
    };
    while !value.is_empty() {
        let (character, len) = character(value);
        value = after(value, len);
        if (at_start && character <= 32) || character == 0 || character == 10 {
            continue;
        }
        at_start = false;
        // The C library cuts a character to its lowest byte only after it has folded its case.
        let folded = match character {
            0x61..=0x7a => character - 0x20,
            other => other,
        };
        if folded & 0xff != u32::from(*wanted) {
            return false;
        }
        match expected.next() {
            Some(next) => wanted = next,
            None => return true,
        }
    }
    false
}

/// Greater numbers are no characters to the C library.
const CHARACTER_MAX: u32 = 0x0010_00ff;

/// The first character and its length in bytes. Numeric references count as one character, named ones as the text they are.
fn character(value: &[u8]) -> (u32, usize) {
    let (radix, digits, prefix) = match value {
        [b'&', b'#', b'x' | b'X', digits @ ..] => (16, digits, 3),
        [b'&', b'#', digits @ ..] => (10, digits, 2),
        [other, ..] => return (u32::from(*other), 1),
        [] => return (0, 0),
    };
    let mut number = 0_u32;
    let mut len = 0;
    for digit in digits
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix))
    {
        number = number * radix + digit;
        len += 1;
        if number > CHARACTER_MAX {
            return (u32::from(b'&'), 1);
        }
    }
    if len == 0 {
        return (u32::from(b'&'), 1);
    }
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    (number, prefix + len + semicolon)
}

#[cfg(test)]
mod tests;
