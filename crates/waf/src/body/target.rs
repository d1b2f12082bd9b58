//! The request target, cut and decoded.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::{memchr, memrchr2};

use super::percent_decode;

/// The variables that come from the request target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// `REQUEST_URI`: decoded once, without fragment, without `scheme://authority`.
    pub uri: Cow<'a, [u8]>,
    /// `REQUEST_URI_RAW`: as it came, fragment and all.
    pub uri_raw: &'a [u8],
    /// `REQUEST_FILENAME` (and `PATH_INFO`): what stands before the `?`, decoded once. An encoded `?` is part of it, as it is for
    /// whoever reads the path. The scheme and authority of an absolute target stay.
    pub filename: Cow<'a, [u8]>,
    /// `QUERY_STRING`: not decoded. `None` without a `?`.
    pub query: Option<&'a [u8]>,
}

impl Target<'_> {
    /// `REQUEST_BASENAME`: what follows the last `/` or `\` of the file name. `None` when nothing does.
    pub fn basename(&self) -> Option<&[u8]> {
        let slash = memrchr2(b'/', b'\\', &self.filename)?;
        self.filename
            .get(slash + 1..)
            .filter(|name| !name.is_empty())
    }
}

/// Cuts `uri` (what stands between method and version) into the variables of `libmodsecurity`.
pub fn target(uri: &[u8]) -> Target<'_> {
    let whole = memchr(b'#', uri)
        .and_then(|at| uri.get(..at))
        .unwrap_or(uri);
    let query = memchr(b'?', whole).and_then(|at| whole.get(at + 1..));
    let path = memchr(b'?', whole)
        .and_then(|at| whole.get(..at))
        .unwrap_or(whole);
    let (decoded, filename) = (decoded(whole), decoded(path));
    let uri_start = path_start(&decoded);
    let uri_end = decoded.len();
    Target {
        uri: part(&decoded, uri_start, uri_end),
        uri_raw: uri,
        filename,
        query,
    }
}

fn decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut buffer = Vec::new();
    percent_decode(raw, &mut buffer);
    Cow::Owned(buffer)
}

/// A part of a value that is borrowed where the value is.
fn part<'a>(value: &Cow<'a, [u8]>, start: usize, end: usize) -> Cow<'a, [u8]> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..end).unwrap_or_default()),
        Cow::Owned(bytes) => Cow::Owned(bytes.get(start..end).unwrap_or_default().to_vec()),
    }
}

/// Where the path begins: behind `scheme://authority` if there is one with a path, else at the start.
fn path_start(decoded: &[u8]) -> usize {
    if decoded.first() == Some(&b'/') {
        return 0;
    }
    let Some(colon) = memchr(b':', decoded) else {
        return 0;
    };
    if !decoded
        .get(colon + 1..)
        .is_some_and(|after| after.starts_with(b"//"))
    {
        return 0;
    }
    let authority = colon + 3;
    decoded
        .get(authority..)
        .and_then(|rest| memchr(b'/', rest))
        .map_or(0, |slash| authority + slash)
}
