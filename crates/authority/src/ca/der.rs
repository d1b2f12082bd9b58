//! The form in which certificates carry an ECDSA signature (RFC 3279 §2.2.3): keys give r‖s.

#[cfg(test)]
mod tests;

/// `SEQUENCE { INTEGER r, INTEGER s }`.
pub(super) fn signature(raw: &[u8; 64]) -> Vec<u8> {
    let (r, s) = raw.split_at(32);
    let body = [integer(r), integer(s)].concat();
    tagged(0x30, &body)
}

/// An integer has no needless zeros in front, and one where its first bit would be taken for a sign.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let short = bytes.get(zeros..).unwrap_or_default();
    let signed = short.first().is_none_or(|first| *first & 0x80 != 0);
    let mut whole = if signed { vec![0] } else { Vec::new() };
    whole.extend(short);
    tagged(0x02, &whole)
}

/// At most 70 bytes stand in it: the short form of a length is enough.
fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut whole = vec![tag, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    whole.extend(body);
    whole
}
