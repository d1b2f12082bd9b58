//! A pattern compiles or is refused, and what it requires of a value is there wherever it matches. The pattern ends at the first NUL.
use vauban_waf::pattern::{Groups, Memory, Pattern};
use vauban_waf::transform::ByteSet;

pub(crate) fn check(bytes: &[u8]) {
    let (source, value) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &bytes[..0]),
    };
    let Ok(pattern) = Pattern::compile(source) else {
        return;
    };
    let mut memory = Memory::default();
    let mut groups = Groups::default();
    if !pattern.captures(value, &mut memory, &mut groups) {
        return;
    }
    let Some(range) = groups.range(0) else {
        panic!("a match without a place")
    };
    let found = &value[range];
    assert!(found.len() >= pattern.minimum_length());
    let required = pattern.required();
    let there = ByteSet::of_value(found);
    assert!(required.classes.iter().all(|set| set.intersects(there)));
    let lower = found.to_ascii_lowercase();
    let has = |literal: &Vec<u8>| lower.windows(literal.len()).any(|part| part == literal);
    assert!(
        required
            .literals
            .as_ref()
            .is_none_or(|all| all.iter().any(has))
    );
}
