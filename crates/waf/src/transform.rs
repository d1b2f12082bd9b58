//! The transformations of `SecLang` (`t:…`): bytes in, bytes out.

mod base;
mod byte_set;
mod case;
mod comments;
mod escape;
mod path;
#[cfg(test)]
mod tests;
mod unicode;
mod url;
mod utf8;
mod whitespace;

pub use byte_set::ByteSet;
pub use unicode::UnicodeMap;

macro_rules! transformations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(| $alias:literal)*;)*) => {
        /// One `t:` action; `none` is not among them, it empties the list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Transformation {
            $($(#[$doc])* #[doc = concat!("`t:", $name, "`")] $variant,)*
        }

        impl Transformation {
            /// Every transformation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The transformation of that name; case does not matter.
            pub fn parse(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($name) $(|| name.eq_ignore_ascii_case($alias))* {
                    return Some(Self::$variant);
                })*
                None
            }

            /// The name in rules.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

transformations! {
    Base64Decode = "base64Decode";
    Base64DecodeExt = "base64DecodeExt";
    Base64Encode = "base64Encode";
    CmdLine = "cmdLine";
    CompressWhitespace = "compressWhitespace";
    CssDecode = "cssDecode";
    EscapeSeqDecode = "escapeSeqDecode";
    HexDecode = "hexDecode";
    HexEncode = "hexEncode";
    HtmlEntityDecode = "htmlEntityDecode";
    JsDecode = "jsDecode";
    Length = "length";
    Lowercase = "lowercase";
    Md5 = "md5";
    NormalizePath = "normalizePath" | "normalisePath";
    NormalizePathWin = "normalizePathWin" | "normalisePathWin";
    ParityEven7bit = "parityEven7bit";
    ParityOdd7bit = "parityOdd7bit";
    ParityZero7bit = "parityZero7bit";
    RemoveComments = "removeComments";
    RemoveCommentsChar = "removeCommentsChar";
    RemoveNulls = "removeNulls";
    RemoveWhitespace = "removeWhitespace";
    ReplaceComments = "replaceComments";
    ReplaceNulls = "replaceNulls";
    Sha1 = "sha1";
    SqlHexDecode = "sqlHexDecode";
    Trim = "trim";
    TrimLeft = "trimLeft";
    TrimRight = "trimRight";
    Uppercase = "uppercase";
    UrlDecode = "urlDecode";
    UrlDecodeUni = "urlDecodeUni";
    UrlEncode = "urlEncode";
    Utf8ToUnicode = "utf8toUnicode";
}

impl Transformation {
    /// The bytes that can make it do anything: a value that holds none of them is certainly left unchanged. `None` when even
    /// the empty value is changed.
    ///
    /// A value that does hold some may still be left as it is; only [`Self::apply`] knows.
    pub fn triggers(self, _map: &UnicodeMap) -> Option<ByteSet> {
        Some(match self {
            Self::Length | Self::Md5 | Self::Sha1 => return None,
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::Base64Encode
            | Self::HexDecode
            | Self::HexEncode => ByteSet::all(),
            Self::CmdLine => case::CMD_LINE,
            Self::CompressWhitespace | Self::Trim | Self::TrimLeft | Self::TrimRight => {
                whitespace::SPACES
            }
            Self::CssDecode | Self::EscapeSeqDecode | Self::JsDecode => ByteSet::of(b"\\"),
            Self::HtmlEntityDecode => ByteSet::of(b"&"),
            Self::Lowercase => case::UPPER,
            Self::Uppercase => case::LOWER,
            Self::NormalizePath => ByteSet::of(b"/."),
            Self::NormalizePathWin => ByteSet::of(b"/.\\"),
            Self::ParityEven7bit => const { base::Parity::Even.changes() },
            Self::ParityOdd7bit => const { base::Parity::Odd.changes() },
            Self::ParityZero7bit => const { base::Parity::Zero.changes() },
            // Every comment mark but `#` holds a star or a dash.
            Self::RemoveComments | Self::RemoveCommentsChar => ByteSet::of(b"*-#"),
            Self::ReplaceComments => ByteSet::of(b"*"),
            Self::RemoveNulls | Self::ReplaceNulls => ByteSet::of(b"\0"),
            Self::RemoveWhitespace => whitespace::REMOVED,
            // Only what stands behind `0x` is decoded.
            Self::SqlHexDecode => ByteSet::of(b"xX"),
            Self::UrlDecode | Self::UrlDecodeUni => ByteSet::of(b"%+"),
            Self::UrlEncode => url::ENCODED,
            Self::Utf8ToUnicode => utf8::REWRITTEN,
        })
    }

    /// Transforms `input`. True: it changed, and `out` holds the result and nothing else. False: it is unchanged, and what
    /// `out` holds is of no meaning.
    ///
    /// Time and output are linear: no result is longer than [`Self::output_max`]. Nothing is allocated while the capacity of
    /// `out` suffices, so a caller that keeps its buffers allocates nothing.
    pub fn apply(self, input: &[u8], map: &UnicodeMap, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Base64Decode => base::base64_decode(input, out),
            Self::Base64DecodeExt => base::base64_decode_forgiving(input, out),
            Self::Base64Encode => base::base64_encode(input, out),
            Self::CmdLine => case::cmd_line(input, out),
            Self::CompressWhitespace => whitespace::compress(input, out),
            Self::CssDecode => escape::css_decode(input, out),
            Self::EscapeSeqDecode => escape::escape_seq_decode(input, out),
            Self::HexDecode => base::hex_decode(input, out),
            Self::HexEncode => base::hex_encode(input, out),
            Self::HtmlEntityDecode => escape::html_entity_decode(input, out),
            Self::JsDecode => escape::js_decode(input, out),
            Self::Length => base::length(input, out),
            Self::Lowercase => case::lowercase(input, out),
            Self::Md5 => base::digest::<md5::Md5>(input, out),
            Self::NormalizePath => path::normalize(input, out),
            Self::NormalizePathWin => path::normalize_windows(input, out),
            Self::ParityEven7bit => base::parity(input, out, base::Parity::Even),
            Self::ParityOdd7bit => base::parity(input, out, base::Parity::Odd),
            Self::ParityZero7bit => base::parity(input, out, base::Parity::Zero),
            Self::RemoveComments => comments::remove(input, out),
            Self::RemoveCommentsChar => comments::remove_marks(input, out),
            Self::RemoveNulls => whitespace::remove_nulls(input, out),
            Self::RemoveWhitespace => whitespace::remove(input, out),
            Self::ReplaceComments => comments::replace(input, out),
            Self::ReplaceNulls => whitespace::replace_nulls(input, out),
            Self::Sha1 => base::digest::<sha1::Sha1>(input, out),
            Self::SqlHexDecode => base::sql_hex_decode(input, out),
            Self::Trim => whitespace::trim(input, out),
            Self::TrimLeft => whitespace::trim_left(input, out),
            Self::TrimRight => whitespace::trim_right(input, out),
            Self::Uppercase => case::uppercase(input, out),
            Self::UrlDecode => url::decode(input, out),
            Self::UrlDecodeUni => url::decode_uni(input, map, out),
            Self::UrlEncode => url::encode(input, out),
            Self::Utf8ToUnicode => utf8::to_unicode(input, out),
        }
    }

    /// The most bytes that [`Self::apply`] can make of `length` bytes.
    pub const fn output_max(self, length: usize) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Length | Self::Sha1 => 20,
            Self::Base64Encode => length.div_ceil(3).saturating_mul(4),
            Self::HexEncode => length.saturating_mul(2),
            Self::UrlEncode => length.saturating_mul(3),
            // An overlong form of two bytes becomes seven: `%uHHHH` and its first byte.
            Self::Utf8ToUnicode => length.saturating_mul(7).div_ceil(2),
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::CmdLine
            | Self::CompressWhitespace
            | Self::CssDecode
            | Self::EscapeSeqDecode
            | Self::HexDecode
            | Self::HtmlEntityDecode
            | Self::JsDecode
            | Self::Lowercase
            | Self::NormalizePath
            | Self::NormalizePathWin
            | Self::ParityEven7bit
            | Self::ParityOdd7bit
            | Self::ParityZero7bit
            | Self::RemoveComments
            | Self::RemoveCommentsChar
            | Self::RemoveNulls
            | Self::RemoveWhitespace
            | Self::ReplaceComments
            | Self::ReplaceNulls
            | Self::SqlHexDecode
            | Self::Trim
            | Self::TrimLeft
            | Self::TrimRight
            | Self::Uppercase
            | Self::UrlDecode
            | Self::UrlDecodeUni => length,
        }
    }
}

/// Puts `input` into `out` up to `from`, where the first change is.
fn start(out: &mut Vec<u8>, input: &[u8], from: usize) {
    out.clear();
    out.extend_from_slice(input.get(..from).unwrap_or(input));
}

/// Copies `input` but for the places where one of the `marks` stands. `decode` is given the rest of the value from a mark on,
/// appends what the mark stands for, and says how many bytes it has used, at least one.
fn rewrite<const N: usize>(
    input: &[u8],
    out: &mut Vec<u8>,
    marks: [u8; N],
    decode: impl Fn(&[u8], &mut Vec<u8>) -> usize,
) -> bool {
    let Some(first) = find(marks, input) else {
        return false;
    };
    out.clear();
    let mut rest = input;
    let mut next = Some(first);
    while let Some(at) = next {
        let (plain, marked) = rest.split_at(at);
        out.extend_from_slice(plain);
        let used = decode(marked, out).max(1);
        rest = marked.get(used..).unwrap_or_default();
        // Encoded bytes come in runs, and a look is cheaper than a search.
        next = match rest.first() {
            Some(byte) if marks.contains(byte) => Some(0),
            Some(_) => find(marks, rest),
            None => None,
        };
    }
    out.extend_from_slice(rest);
    out.as_slice() != input
}

fn find<const N: usize>(marks: [u8; N], bytes: &[u8]) -> Option<usize> {
    match marks.as_slice() {
        [one] => memchr::memchr(*one, bytes),
        [one, two] => memchr::memchr2(*one, *two, bytes),
        [one, two, three] => memchr::memchr3(*one, *two, *three, bytes),
        more => bytes.iter().position(|byte| more.contains(byte)),
    }
}

/// The value of a hexadecimal digit. Of any other byte, what the arithmetic gives: `hexDecode` relies on it.
const fn nibble(digit: u8) -> u8 {
    if digit >= b'A' {
        (digit & 0xdf).wrapping_sub(b'A').wrapping_add(10)
    } else {
        digit.wrapping_sub(b'0')
    }
}

const fn hex_pair(high: u8, low: u8) -> u8 {
    nibble(high).wrapping_mul(16).wrapping_add(nibble(low))
}

/// The low byte of a character, where the full-width forms of ASCII (U+FF01 to U+FF5E) mean ASCII.
fn narrow(high: [u8; 2], low: u8) -> u8 {
    let full_width = high.iter().all(|digit| digit.eq_ignore_ascii_case(&b'f'));
    if full_width && low > 0 && low < 0x5f {
        low.wrapping_add(0x20)
    } else {
        low
    }
}
