//! Which texts may name an object, so that guard, database and service cannot read one text as two ids.
//!
//! Databases convert: SQLite compares the text `0500101` with an INTEGER column as 500101, PostgreSQL casts ` 500101`, and a
//! service may parse `+500101` or Arabic digits. A text that any of them could read as another text's number names nothing.

#[cfg(test)]
mod tests;

/// Characters of an id at most.
const LENGTH_MAX: usize = 128;

/// Why a text names no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdRefusal {
    /// No character, or too many.
    #[error("id is empty or longer than 128 characters")]
    Length,
    /// A character other than letters and digits of ASCII and `-._~:@`.
    #[error("id has a character that no id has")]
    Character,
    /// A number in another form than its canonical one.
    #[error("id is a number that is not written canonically")]
    Number,
}

/// Accepts a text that has exactly one reading. `integer` is true when the operation declares an integer.
pub(crate) fn canonical(id: &str, integer: bool) -> Result<&str, IdRefusal> {
    if id.is_empty() || id.len() > LENGTH_MAX {
        return Err(IdRefusal::Length);
    }
    // A sign is only a sign in front; it is judged as part of the number.
    if !id.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@' | b'+')
    }) {
        return Err(IdRefusal::Character);
    }
    let is_canonical_integer = id
        .parse::<i64>()
        .is_ok_and(|number| number.to_string() == id);
    if is_canonical_integer || !(integer || looks_numeric(id)) {
        Ok(id)
    } else {
        Err(IdRefusal::Number)
    }
}

/// True for what some reader takes for a number: decimal, with a sign, exponent, separators or a base prefix, or not finite.
fn looks_numeric(id: &str) -> bool {
    let unsigned = id.trim_start_matches(['+', '-']);
    let lower = unsigned.to_ascii_lowercase();
    if id.starts_with('+') || matches!(lower.as_str(), "inf" | "infinity" | "nan") {
        return true;
    }
    let plain: String = lower.chars().filter(|c| *c != '_').collect();
    let prefixed = |prefix: &str, radix: u32| {
        plain
            .strip_prefix(prefix)
            .is_some_and(|digits| digits.chars().all(|c| c.is_digit(radix)))
    };
    plain.parse::<f64>().is_ok()
        || plain.bytes().all(|b| b.is_ascii_digit())
        || prefixed("0x", 16)
        || prefixed("0o", 8)
        || prefixed("0b", 2)
}
