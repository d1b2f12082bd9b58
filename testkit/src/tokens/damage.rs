//! Small damages to a text, the same each time.

/// Bytes that mean something to readers of JSON and of tokens.
const PUT: &[u8] = b"\"\\{}[]:,.-+eE019 \n\t\0\x7f\xc3\xffu";

/// 32 damaged forms of `text`: one or two bytes replaced, put in or taken out.
pub fn damaged(text: &[u8]) -> Vec<Vec<u8>> {
    // Knuth's multiplier and increment; the start differs from text to text.
    let mut state = text.iter().fold(text.len() as u64, |state, byte| {
        state.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    let mut next = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    let mut change = |text: &mut Vec<u8>| {
        let at = next(text.len());
        let put = PUT.get(next(PUT.len())).copied().unwrap_or_default();
        match next(3) {
            0 => text.insert(at, put),
            1 if at < text.len() => {
                text.remove(at);
            }
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = put;
                }
            }
        }
    };
    let forms = (0..32).map(|form| {
        let mut text = text.to_vec();
        for _ in 0..=form % 2 {
            change(&mut text);
        }
        text
    });
    forms.collect()
}

#[cfg(test)]
mod tests;
