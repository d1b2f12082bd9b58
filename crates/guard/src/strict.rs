//! This line's own reading of JSON: RFC 8259 and nothing else, no duplicate members, bounded depth.
//!
//! It is written by hand on purpose. The edge and the libraries of both lines read JSON with serde; an input on which serde
//! and another reader disagree would otherwise be read the same wrong way twice. Numbers stay text, so that no reader's
//! rounding decides which object is meant.

use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Lists and objects inside each other. The edge takes no more; the number is written down twice, because neither line reads
/// with the other's code.
const DEPTH_MAX: usize = 32;

/// A JSON value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as written.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object; no name occurs twice.
    Object(BTreeMap<String, Self>),
}

impl Json {
    /// The member of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// The value at a JSON pointer (RFC 6901).
    pub(crate) fn at(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut value = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            value = match value {
                Self::Object(members) => members.get(&token)?,
                Self::List(items) => items.get(list_index(&token)?)?,
                Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) => return None,
            };
        }
        Some(value)
    }
}

/// The index of an array as RFC 6901 writes it: no sign, no leading zero.
fn list_index(token: &str) -> Option<usize> {
    let index: usize = token.parse().ok()?;
    (index.to_string() == token).then_some(index)
}

/// Why a text is not the JSON that this line accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StrictError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// Not RFC 8259.
    #[error("not JSON")]
    Syntax,
    /// An object has a name twice.
    #[error("duplicate member")]
    Duplicate,
    /// Too many lists and objects inside each other.
    #[error("nested too deeply")]
    Depth,
}

/// Reads one whole JSON text.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, StrictError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(StrictError::Encoding);
    };
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(StrictError::Syntax)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, StrictError> {
        let byte = self.peek().ok_or(StrictError::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), StrictError> {
        if self.next()? == byte {
            Ok(())
        } else {
            Err(StrictError::Syntax)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, StrictError> {
        match self.peek().ok_or(StrictError::Syntax)? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => Ok(Json::Text(self.string()?)),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Json::Boolean(true)),
            b'f' => self.word("false", Json::Boolean(false)),
            b'n' => self.word("null", Json::Null),
            _ => Err(StrictError::Syntax),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, StrictError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Json, StrictError> {
        if depth >= DEPTH_MAX {
            return Err(StrictError::Depth);
        }
        self.expect(b'{')?;
        self.skip_space();
        let mut members = BTreeMap::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let value = self.value(depth + 1)?;
            if members.insert(name, value).is_some() {
                return Err(StrictError::Duplicate);
            }
            self.skip_space();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(Json::Object(members)),
                _ => return Err(StrictError::Syntax),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, StrictError> {
        if depth >= DEPTH_MAX {
            return Err(StrictError::Depth);
        }
        self.expect(b'[')?;
        self.skip_space();
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.next()? {
                b',' => {}
                b']' => return Ok(Json::List(items)),
                _ => return Err(StrictError::Syntax),
            }
        }
    }

    fn number(&mut self) -> Result<Json, StrictError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return Err(StrictError::Syntax),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let written = self.text.get(start..self.at).ok_or(StrictError::Syntax)?;
        Ok(Json::Number(written.to_owned()))
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn digits(&mut self) -> Result<(), StrictError> {
        let start = self.at;
        self.skip_digits();
        if self.at > start {
            Ok(())
        } else {
            Err(StrictError::Syntax)
        }
    }

    fn string(&mut self) -> Result<String, StrictError> {
        self.expect(b'"')?;
        let mut out = String::new();
        let mut start = self.at;
        loop {
            match self.next()? {
                b'"' => {
                    out.push_str(
                        self.text
                            .get(start..self.at - 1)
                            .ok_or(StrictError::Syntax)?,
                    );
                    return Ok(out);
                }
                b'\\' => {
                    out.push_str(
                        self.text
                            .get(start..self.at - 1)
                            .ok_or(StrictError::Syntax)?,
                    );
                    out.push(self.escape()?);
                    start = self.at;
                }
                0..=0x1f => return Err(StrictError::Syntax),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<char, StrictError> {
        Ok(match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                let point = if (0xd800..0xdc00).contains(&high) {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    let low = self.hex4()?;
                    if !(0xdc00..0xe000).contains(&low) {
                        return Err(StrictError::Syntax);
                    }
                    0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    high
                };
                // A lone low surrogate is no character, so it ends here.
                char::from_u32(point).ok_or(StrictError::Syntax)?
            }
            _ => return Err(StrictError::Syntax),
        })
    }

    fn hex4(&mut self) -> Result<u32, StrictError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?)
                .to_digit(16)
                .ok_or(StrictError::Syntax)?;
            value = value * 16 + digit;
        }
        Ok(value)
    }
}
