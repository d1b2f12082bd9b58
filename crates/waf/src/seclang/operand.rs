//! Operands of operators: words, networks, byte ranges, id ranges.

use std::net::IpAddr;

use super::fault::{Fault, number, quote};
use super::syntax::{ByteRanges, IdRange, Network};

/// The words of `@pm`: `\:`, `\;`, `\\` and `\"` lose their backslash, `|41 42|` are bytes in hexadecimal.
///
/// With any other escape `ModSecurity` 3.0.9 takes the whole text as it stands, and so do we.
pub(super) fn phrases(text: &[u8]) -> Vec<Box<[u8]>> {
    let decoded = unescape(text);
    split_words(decoded.as_deref().unwrap_or(text))
}

fn split_words(text: &[u8]) -> Vec<Box<[u8]>> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(Into::into)
        .collect()
}

fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(one) = bytes.next() {
        match one {
            b'\\' => decoded.push(
                bytes
                    .next()
                    .filter(|next| matches!(next, b':' | b';' | b'\\' | b'"'))?,
            ),
            b'|' => {
                let digits: Vec<u8> = bytes
                    .by_ref()
                    .take_while(|next| *next != b'|')
                    .filter(|next| !next.is_ascii_whitespace())
                    .collect();
                for pair in digits.chunks(2) {
                    decoded.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
                }
            }
            other => decoded.push(other),
        }
    }
    Some(decoded)
}

/// Lines of a data file, without comments and blank lines. Blanks at the ends of a line belong to the phrase.
pub(super) fn data_lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|one| *one == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| {
            let content = line.trim_ascii();
            !content.is_empty() && !content.starts_with(b"#")
        })
}

/// `10.0.0.0/8`, `::1`.
pub(crate) fn network(text: &[u8]) -> Result<Network, Fault> {
    let wrong = || {
        Fault::new(format!(
            "{} is neither an address nor a network",
            quote(text)
        ))
        .hint("for example `10.0.0.0/8`")
    };
    let bare = std::str::from_utf8(text.trim_ascii())
        .ok()
        .ok_or_else(wrong)?;
    let (address, prefix) = bare
        .split_once('/')
        .map_or((bare, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok().ok_or_else(wrong)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => longest,
        Some(prefix) => number(prefix.as_bytes(), "prefix length")
            .ok()
            .filter(|bits| *bits <= longest)
            .ok_or_else(wrong)?,
    };
    Ok(Network { address, prefix })
}

/// `9,10,13,32-126`.
pub(crate) fn byte_ranges(text: &[u8]) -> Result<ByteRanges, Fault> {
    let mut allowed = [false; 256];
    for item in text.split(|one| *one == b',') {
        let (first, last) = range::<u8>(item, "byte value or range of 0 to 255")?;
        for cell in allowed
            .iter_mut()
            .take(usize::from(last) + 1)
            .skip(usize::from(first))
        {
            *cell = true;
        }
    }
    Ok(ByteRanges(allowed))
}

/// `942100 942110-942120`, separated by blanks or commas.
pub(super) fn id_ranges(text: &[u8]) -> Result<Vec<IdRange>, Fault> {
    let ids: Vec<IdRange> = text
        .split(|one| one.is_ascii_whitespace() || *one == b',')
        .filter(|item| !item.is_empty())
        .map(|item| {
            range(item, "rule id or range of ids").map(|(first, last)| IdRange { first, last })
        })
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Err(Fault::new("a rule id is missing"));
    }
    Ok(ids)
}

fn range<T: std::str::FromStr + PartialOrd + Copy>(
    text: &[u8],
    what: &str,
) -> Result<(T, T), Fault> {
    let item = text.trim_ascii();
    let Some(dash) = item.iter().position(|one| *one == b'-') else {
        return number(item, what).map(|only| (only, only));
    };
    let first: T = number(item.get(..dash).unwrap_or_default().trim_ascii(), what)?;
    let last: T = number(item.get(dash + 1..).unwrap_or_default().trim_ascii(), what)?;
    if first > last {
        return Err(Fault::new(format!(
            "the range {} runs backwards",
            quote(item)
        )));
    }
    Ok((first, last))
}
