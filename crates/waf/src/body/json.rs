//! JSON, flattened: `{"a":[{"b":1}]}` is the argument `json.a.array_0.b` with the value `1`.
//!
//! One pass over the bytes, no tree. Numbers come out as they were written and duplicate keys are all kept. The grammar is that
//! of `yajl`, which `libmodsecurity` uses: RFC 8259 and, as white space, vertical tab and form feed. Stricter than `yajl` in one
//! thing: strings must be UTF-8 as the standard defines it, without overlong forms and surrogates.

mod string;
#[cfg(test)]
mod tests;

use super::{Arguments, BodyError, BodyErrorKind};

/// Limits of [`json`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Arrays and objects inside each other (`SecRequestBodyJsonDepthLimit`).
    pub depth_max: usize,
    /// Sum of the lengths of all names that are handed out. Names repeat the keys above them: without this limit a deep body
    /// makes names of a length in the square of its own.
    pub names_bytes_max: usize,
}

impl Default for JsonLimits {
    /// The depth of the stock configuration, and names of 16 MiB.
    fn default() -> Self {
        Self {
            depth_max: 512,
            names_bytes_max: 16 << 20,
        }
    }
}

/// Hands out the leaves of `input` in its order. `null` is the empty value, and so is an object or array with
/// nothing in it, unless it is the whole document.
///
/// # Errors
/// The first violation of the grammar or of a limit, or [`BodyErrorKind::Stopped`] when `out` wants no more; an argument limit
/// that is exceeded makes a JSON body an error in `libmodsecurity` too. An empty body is an error; `libmodsecurity` forgives that
/// one, which is for the caller to decide.
pub fn json(input: &[u8], limits: &JsonLimits, out: &mut dyn Arguments) -> Result<(), BodyError> {
    let mut walk = Walk {
        input,
        at: 0,
        path: b"json".to_vec(),
        frames: Vec::new(),
        text: Vec::new(),
        names_left: limits.names_bytes_max,
        depth_max: limits.depth_max,
        out,
    };
    walk.document().map_err(|stop| stop.into_error(walk.at))
}

/// Why the walk ended early.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Byte,
    End,
    Escape,
    Control,
    Utf8,
    Trailing,
    Depth,
    Names,
    Receiver,
}

impl Stop {
    fn into_error(self, at: usize) -> BodyError {
        let (kind, what) = match self {
            Self::Byte => (BodyErrorKind::Syntax, "unexpected byte"),
            Self::End => (BodyErrorKind::Syntax, "unexpected end"),
            Self::Escape => (BodyErrorKind::Syntax, "invalid escape in a string"),
            Self::Control => (
                BodyErrorKind::Syntax,
                "unescaped control character in a string",
            ),
            Self::Utf8 => (BodyErrorKind::Encoding, "a string that is not UTF-8"),
            Self::Trailing => (BodyErrorKind::Syntax, "something behind the document"),
            Self::Depth => (BodyErrorKind::Limit, "nesting is too deep"),
            Self::Names => (BodyErrorKind::Limit, "argument names are too long together"),
            Self::Receiver => (BodyErrorKind::Stopped, "too many arguments"),
        };
        BodyError::new(
            kind,
            format!("JSON parsing error: {what}, before byte {at}"),
        )
    }
}

/// An open array or object. `path` is the length of the path up to where a key or an index goes.
#[derive(Clone, Copy, Debug)]
enum Frame {
    Object { path: usize },
    Array { path: usize, index: usize },
}

/// What stands in a path between an object and its keys.
const OBJECT: &[u8] = b".";
/// What stands in a path between an array and its indices.
const ARRAY: &[u8] = b".array_";

/// What may come next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Value,
    /// Behind `[`.
    ValueOrEnd,
    Key,
    /// Behind `{`.
    KeyOrEnd,
    /// Behind a value.
    Separator,
}

struct Walk<'a> {
    input: &'a [u8],
    /// Bytes read.
    at: usize,
    /// Name of the current place; keys and indices are appended and cut off again.
    path: Vec<u8>,
    frames: Vec<Frame>,
    /// Unescaped text.
    text: Vec<u8>,
    names_left: usize,
    depth_max: usize,
    out: &'a mut dyn Arguments,
}

impl<'a> Walk<'a> {
    fn document(&mut self) -> Result<(), Stop> {
        let mut next = Next::Value;
        loop {
            let byte = self.token();
            next = match (next, byte) {
                (Next::Separator, None) if self.frames.is_empty() => return Ok(()),
                (Next::Separator, Some(_)) if self.frames.is_empty() => return Err(Stop::Trailing),
                (_, None) => return Err(Stop::End),
                (Next::ValueOrEnd, Some(b']')) | (Next::KeyOrEnd, Some(b'}')) => self.nothing()?,
                (Next::Value | Next::ValueOrEnd, Some(byte)) => self.value(byte)?,
                (Next::Key | Next::KeyOrEnd, Some(b'"')) => self.key()?,
                (Next::Key | Next::KeyOrEnd, Some(_)) => return Err(Stop::Byte),
                (Next::Separator, Some(byte)) => self.separator(byte)?,
            };
        }
    }

    /// The next byte that is not white space; it is read.
    fn token(&mut self) -> Option<u8> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        for (skipped, &byte) in rest.iter().enumerate() {
            if !super::is_space(byte) {
                self.at += skipped + 1;
                return Some(byte);
            }
        }
        self.at = self.input.len();
        None
    }

    fn value(&mut self, first: u8) -> Result<Next, Stop> {
        self.index();
        match first {
            b'{' | b'[' => self.open(first),
            b'"' => {
                let mut text = std::mem::take(&mut self.text);
                let result = self.string(&mut text).and_then(|value| self.leaf(value));
                self.text = text;
                result
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                self.leaf(number)
            }
            b't' => self.word(b"rue").and_then(|()| self.leaf(b"true")),
            b'f' => self.word(b"alse").and_then(|()| self.leaf(b"false")),
            b'n' => self.word(b"ull").and_then(|()| self.leaf(b"")),
            _ => Err(Stop::Byte),
        }
    }

    /// Puts the index of the coming element into the path, if an array is open.
    fn index(&mut self) {
        if let Some(Frame::Array { path, index }) = self.frames.last_mut() {
            self.path.truncate(*path);
            push_decimal(*index, &mut self.path);
            *index += 1;
        }
    }

    fn open(&mut self, bracket: u8) -> Result<Next, Stop> {
        if self.frames.len() >= self.depth_max {
            return Err(Stop::Depth);
        }
        if bracket == b'{' {
            self.path.extend_from_slice(OBJECT);
            self.frames.push(Frame::Object {
                path: self.path.len(),
            });
            Ok(Next::KeyOrEnd)
        } else {
            self.path.extend_from_slice(ARRAY);
            self.frames.push(Frame::Array {
                path: self.path.len(),
                index: 0,
            });
            Ok(Next::ValueOrEnd)
        }
    }

    fn close(&mut self) -> Next {
        self.frames.pop();
        Next::Separator
    }

    /// An object or array with nothing in it. The keys above it are not seen by any rule unless they are handed out here.
    fn nothing(&mut self) -> Result<Next, Stop> {
        let own = match self.frames.pop() {
            Some(Frame::Object { path }) => path.saturating_sub(OBJECT.len()),
            Some(Frame::Array { path, .. }) => path.saturating_sub(ARRAY.len()),
            None => return Err(Stop::Byte),
        };
        if self.frames.is_empty() {
            return Ok(Next::Separator);
        }
        self.path.truncate(own);
        self.leaf(b"")
    }

    fn key(&mut self) -> Result<Next, Stop> {
        let mut text = std::mem::take(&mut self.text);
        let result = self.string(&mut text).map(|key| {
            if let Some(Frame::Object { path }) = self.frames.last() {
                self.path.truncate(*path);
            }
            self.path
                .extend_from_slice(if key.is_empty() { b"empty-key" } else { key });
        });
        self.text = text;
        result?;
        match self.token() {
            Some(b':') => Ok(Next::Value),
            Some(_) => Err(Stop::Byte),
            None => Err(Stop::End),
        }
    }

    fn separator(&mut self, byte: u8) -> Result<Next, Stop> {
        match (self.frames.last(), byte) {
            (Some(Frame::Object { .. }), b'}') | (Some(Frame::Array { .. }), b']') => {
                Ok(self.close())
            }
            (Some(Frame::Object { .. }), b',') => Ok(Next::Key),
            (Some(Frame::Array { .. }), b',') => Ok(Next::Value),
            _ => Err(Stop::Byte),
        }
    }

    fn leaf(&mut self, value: &[u8]) -> Result<Next, Stop> {
        self.names_left = self
            .names_left
            .checked_sub(self.path.len())
            .ok_or(Stop::Names)?;
        if self.out.argument(&self.path, value) {
            Ok(Next::Separator)
        } else {
            Err(Stop::Receiver)
        }
    }

    fn word(&mut self, rest: &[u8]) -> Result<(), Stop> {
        for expected in rest {
            match self.input.get(self.at) {
                Some(byte) if byte == expected => self.at += 1,
                Some(_) => return Err(Stop::Byte),
                None => return Err(Stop::End),
            }
        }
        Ok(())
    }

    /// A number whose first byte was read, as it is written.
    fn number(&mut self) -> Result<&'a [u8], Stop> {
        let start = self.at.saturating_sub(1);
        let input = self.input;
        let mut last = input.get(start).copied();
        if last == Some(b'-') {
            last = self.digit()?;
        }
        if last != Some(b'0') {
            self.digits();
        }
        if self.input.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digit()?;
            self.digits();
        }
        if matches!(self.input.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.input.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit()?;
            self.digits();
        }
        Ok(input.get(start..self.at).unwrap_or_default())
    }

    /// One digit that must be there.
    fn digit(&mut self) -> Result<Option<u8>, Stop> {
        let digit = self.input.get(self.at).copied();
        match digit {
            Some(b'0'..=b'9') => self.at += 1,
            Some(_) => return Err(Stop::Byte),
            None => return Err(Stop::End),
        }
        Ok(digit)
    }

    fn digits(&mut self) {
        while matches!(self.input.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }
}

/// Appends `number` in decimal.
fn push_decimal(number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}
