//! The mapping of `SecUnicodeMapFile`: which byte a web server of that code page makes of a character.

/// The mapping of `SecUnicodeMapFile`, for `urlDecodeUni`. The default maps nothing.
#[derive(Clone, Debug, Default)]
pub struct UnicodeMap {
    /// Ordered by character, each character once: a few hundred pairs stay in the first-level cache, a table of all would not.
    pairs: Box<[(u16, u8)]>,
}

/// Full stops of other scripts, which separate the labels of a host name as well (RFC 3490, section 3.1).
const FULL_STOPS: [(u16, u8); 4] = [
    (0x002e, b'.'),
    (0x3002, b'.'),
    (0xff0e, b'.'),
    (0xff61, b'.'),
];

impl UnicodeMap {
    /// Reads the part of `text` (the format of Debian's `unicode.mapping`) that belongs to `code_page`: the code page's number,
    /// perhaps its name in brackets, then `character:byte` in hexadecimal, up to the first word without a colon.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &[u8], code_page: u32) -> Result<Self, String> {
        let number = code_page.to_string();
        let words = text
            .split(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .filter(|word| !word.is_empty());
        let words = words
            .skip_while(|word| *word != number.as_bytes())
            .skip(1)
            .skip_while(|word| !word.contains(&b':') && !is_number(word))
            .take_while(|word| word.contains(&b':'));
        let mut pairs = FULL_STOPS.to_vec();
        for word in words {
            pairs.push(pair(word).ok_or_else(|| {
                format!(
                    "`{}` is not `character:byte` in hexadecimal",
                    String::from_utf8_lossy(word)
                )
            })?);
        }
        if pairs.len() == FULL_STOPS.len() {
            return Err(format!("no mapping for code page {code_page}"));
        }
        // Of several pairs for one character, the last one holds; the sort is stable.
        pairs.reverse();
        pairs.sort_by_key(|(character, _)| *character);
        pairs.dedup_by_key(|(character, _)| *character);
        Ok(Self {
            pairs: pairs.into_boxed_slice(),
        })
    }

    /// The byte that stands for a character, when the code page has one.
    pub(crate) fn byte(&self, character: u16) -> Option<u8> {
        let at = self.pairs.binary_search_by_key(&character, |pair| pair.0);
        at.ok().and_then(|at| self.pairs.get(at)).map(|pair| pair.1)
    }
}

fn is_number(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

fn pair(word: &[u8]) -> Option<(u16, u8)> {
    let (character, byte) = std::str::from_utf8(word).ok()?.split_once(':')?;
    Some((
        u16::from_str_radix(character, 16).ok()?,
        u8::from_str_radix(byte, 16).ok()?,
    ))
}
