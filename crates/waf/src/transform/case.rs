//! Letters: `lowercase`, `uppercase`, and `cmdLine`, which undoes what shells ignore.

use super::{ByteSet, start};

pub(super) const UPPER: ByteSet = ByteSet::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ");
pub(super) const LOWER: ByteSet = ByteSet::of(b"abcdefghijklmnopqrstuvwxyz");
/// What `cmdLine` changes wherever it stands.
const CMD_LINE_ALWAYS: ByteSet = UPPER.union(ByteSet::of(b"\"'\\^,;\t\r\n"));
pub(super) const CMD_LINE: ByteSet = CMD_LINE_ALWAYS.union(ByteSet::of(b" "));

pub(super) fn lowercase(input: &[u8], out: &mut Vec<u8>) -> bool {
    // Without an early exit: so it becomes vector code, and most values hold no capital.
    if !input
        .iter()
        .fold(false, |any, byte| any | byte.is_ascii_uppercase())
    {
        return false;
    }
    start(out, input, input.len());
    out.make_ascii_lowercase();
    true
}

pub(super) fn uppercase(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !input.iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    start(out, input, input.len());
    out.make_ascii_uppercase();
    true
}

/// Quotes, backslashes and carets go; separators become one blank, and none before `/` and `(`; letters become small.
pub(super) fn cmd_line(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut behind = input.iter().skip(1);
    let first = input.iter().position(|byte| {
        let next = behind.next();
        CMD_LINE_ALWAYS.contains(*byte)
            || (*byte == b' ' && matches!(next, Some(b' ' | b'/' | b'(')))
    });
    let Some(first) = first else {
        return false;
    };
    start(out, input, first);
    let mut behind_space = out.last() == Some(&b' ');
    for byte in input.iter().skip(first) {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !behind_space {
                    out.push(b' ');
                }
                behind_space = true;
            }
            byte => {
                if behind_space && matches!(byte, b'/' | b'(') {
                    out.pop();
                }
                out.push(byte.to_ascii_lowercase());
                behind_space = false;
            }
        }
    }
    true
}
