//! A strict scan of JSON text (RFC 8259) before anything reads it: one reading or none.
//!
//! Two readers of one body may disagree about duplicate keys, lone surrogates, depth and numbers that no machine word holds.
//! Whatever could be read in two ways is refused here.

use std::collections::BTreeSet;

/// Most levels of arrays and objects inside each other. The guard's own reader takes as many; a deeper body would pass the edge
/// only to be refused inside.
pub const JSON_DEPTH_MAX: usize = 32;

/// Why a text is not JSON with one reading, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFlaw {
    /// Offset in bytes.
    pub offset: usize,
    /// JSON Pointer of the value in which it stands.
    pub pointer: String,
    /// What is wrong.
    pub reason: &'static str,
}

/// Scans the whole text.
pub fn scan(text: &[u8]) -> Result<(), JsonFlaw> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(JsonFlaw {
            offset: 0,
            pointer: String::new(),
            reason: "is not UTF-8",
        });
    };
    let mut scanner = Scanner {
        text: text.as_bytes(),
        at: 0,
        path: Vec::new(),
    };
    scanner.space();
    scanner.value()?;
    scanner.space();
    if scanner.at == scanner.text.len() {
        Ok(())
    } else {
        Err(scanner.flaw("has text after the value"))
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    path: Vec<String>,
}

impl Scanner<'_> {
    fn flaw(&self, reason: &'static str) -> JsonFlaw {
        let pointer = self.path.iter().fold(String::new(), |pointer, word| {
            super::violation::step(&pointer, word)
        });
        JsonFlaw {
            offset: self.at,
            pointer,
            reason,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn value(&mut self) -> Result<(), JsonFlaw> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => Err(self.flaw("is not JSON")),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonFlaw> {
        if self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.flaw("is not JSON"))
        }
    }

    fn deeper(&mut self, word: String) -> Result<(), JsonFlaw> {
        if self.path.len() >= JSON_DEPTH_MAX {
            return Err(self.flaw("is nested too deeply"));
        }
        self.path.push(word);
        Ok(())
    }

    fn object(&mut self) -> Result<(), JsonFlaw> {
        self.at += 1;
        self.deeper(String::new())?;
        self.path.pop();
        let mut keys = BTreeSet::new();
        self.space();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.flaw("is not JSON"));
            }
            let key = self.string()?;
            self.deeper(key.clone())?;
            if !keys.insert(key) {
                return Err(self.flaw("is given twice"));
            }
            self.space();
            if !self.eat(b':') {
                return Err(self.flaw("is not JSON"));
            }
            self.space();
            self.value()?;
            self.path.pop();
            self.space();
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.flaw("is not JSON"));
            }
        }
    }

    fn array(&mut self) -> Result<(), JsonFlaw> {
        self.at += 1;
        self.deeper(String::new())?;
        self.path.pop();
        self.space();
        if self.eat(b']') {
            return Ok(());
        }
        let mut index: usize = 0;
        loop {
            self.space();
            self.deeper(index.to_string())?;
            self.value()?;
            self.path.pop();
            index += 1;
            self.space();
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.flaw("is not JSON"));
            }
        }
    }

    /// Reads a string and returns it decoded, so that keys written in two ways are found equal.
    fn string(&mut self) -> Result<String, JsonFlaw> {
        self.at += 1;
        let mut decoded = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return String::from_utf8(decoded).map_err(|_error| self.flaw("is not UTF-8"));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let letter = self.escape()?;
                    let mut buffer = [0; 4];
                    decoded.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
                }
                Some(byte) if byte >= 0x20 => {
                    decoded.push(byte);
                    self.at += 1;
                }
                _ => {
                    return Err(
                        self.flaw("has a string that does not end or holds a control character")
                    );
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFlaw> {
        let letter = self.peek();
        self.at += 1;
        match letter {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode(),
            _ => Err(self.flaw("has an unknown escape")),
        }
    }

    fn unicode(&mut self) -> Result<char, JsonFlaw> {
        let first = self.hex()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if !(self.eat(b'\\') && self.eat(b'u')) {
                    return Err(self.flaw("has half a surrogate pair"));
                }
                let second = self.hex()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.flaw("has half a surrogate pair"));
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.flaw("has half a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, JsonFlaw> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.flaw("has an unknown escape"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<(), JsonFlaw> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') && self.digits() == 0 {
            return Err(self.flaw("is not JSON"));
        }
        let mut whole = true;
        if self.eat(b'.') {
            whole = false;
            if self.digits() == 0 {
                return Err(self.flaw("is not JSON"));
            }
        }
        if self.eat(b'e') || self.eat(b'E') {
            whole = false;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            if self.digits() == 0 {
                return Err(self.flaw("is not JSON"));
            }
        }
        let text = self
            .text
            .get(start..self.at)
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default();
        let fits = if whole {
            text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
        } else {
            text.parse::<f64>().is_ok_and(f64::is_finite)
        };
        if fits {
            Ok(())
        } else {
            Err(self.flaw("has a number that is too large"))
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }
}

#[cfg(test)]
mod tests;
