//! Comments of SQL, C and HTML: `removeComments`, `removeCommentsChar`, `replaceComments`.

use memchr::memmem;

use super::{find, start};

/// Every `/*…*/`, also one that is never closed, becomes one blank.
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = memmem::find(input, b"/*") else {
        return false;
    };
    start(out, input, first);
    let mut rest = input.get(first..).unwrap_or_default();
    while let Some(inside) = rest.strip_prefix(b"/*") {
        out.push(b' ');
        let behind = memmem::find(inside, b"*/").and_then(|at| inside.get(at + 2..));
        let behind = behind.unwrap_or_default();
        let next = memmem::find(behind, b"/*").unwrap_or(behind.len());
        let (plain, comment) = behind.split_at(next);
        out.extend_from_slice(plain);
        rest = comment;
    }
    true
}

/// Removes comments; `--` and `#` end the value. As in `libmodsecurity`, the byte behind a closing mark is copied unseen, and a
/// NUL when there is none.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = find([b'*', b'-', b'#'], input) else {
        return false;
    };
    // The mark may have begun up to two bytes earlier (`<!-`).
    let first = first.saturating_sub(2);
    start(out, input, first);
    let mut rest = input.get(first..).unwrap_or_default();
    loop {
        rest = match rest {
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => {
                match behind_comment(inside) {
                    Some([byte, behind @ ..]) => {
                        out.push(*byte);
                        behind
                    }
                    Some([]) => {
                        out.push(0);
                        break;
                    }
                    None => {
                        out.push(b' ');
                        break;
                    }
                }
            }
            [] | [b'-', b'-', ..] | [b'#', ..] => break,
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
        };
    }
    out.as_slice() != input
}

/// Either mark closes either comment.
fn behind_comment(mut inside: &[u8]) -> Option<&[u8]> {
    loop {
        inside = match inside {
            [] => return None,
            [b'*', b'/', behind @ ..] | [b'-', b'-', b'>', behind @ ..] => return Some(behind),
            [_, behind @ ..] => behind,
        };
    }
}

/// Removes the marks and leaves what is between them.
pub(super) fn remove_marks(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = find([b'*', b'-', b'#'], input) else {
        return false;
    };
    let first = first.saturating_sub(2);
    start(out, input, first);
    let mut rest = input.get(first..).unwrap_or_default();
    while let Some((byte, behind)) = rest.split_first() {
        rest = match rest {
            [b'/', b'*', behind @ ..]
            | [b'*', b'/', behind @ ..]
            | [b'<', b'!', b'-', b'-', behind @ ..]
            | [b'-', b'-', b'>', behind @ ..]
            | [b'-', b'-', behind @ ..]
            | [b'#', behind @ ..] => behind,
            _ => {
                out.push(*byte);
                behind
            }
        };
    }
    out.len() != input.len()
}
