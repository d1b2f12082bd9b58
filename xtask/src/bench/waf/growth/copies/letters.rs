//! Other letters in what rules look for.
//!
//! A vowel becomes another vowel and a consonant another consonant, so that words stay words. Only what stands for itself is
//! exchanged: no escapes, sets, flags, macros, and no rule that demands its pattern (`!@rx`), which honest requests fulfil.

/// Operators whose parameter is exchanged.
const OPERATORS: [&str; 2] = ["\"@rx ", "\"@pm "];

/// Rule text with other letters in its patterns and lists of words.
pub(super) fn of_rules(text: &str, by: usize) -> String {
    let mut made = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let found = OPERATORS
            .iter()
            .find_map(|operator| Some((line.find(operator)? + operator.len(), *operator)));
        let Some((start, operator)) = found.filter(|_| !line.starts_with('#')) else {
            made.push_str(line);
            continue;
        };
        let (before, rest) = line.split_at(start);
        let end = end_of_parameter(rest);
        let (parameter, after) = rest.split_at(end);
        made.push_str(before);
        if operator == "\"@rx " {
            made.push_str(&of_pattern(parameter, by));
        } else {
            made.extend(parameter.chars().map(|one| exchanged(one, by)));
        }
        made.push_str(after);
    }
    made
}

/// A list of words, one a line, with other letters; comments as well, which nobody reads.
pub(super) fn of_list(text: &mut [u8], by: usize) {
    for byte in text {
        if byte.is_ascii() {
            *byte = u8::try_from(exchanged(char::from(*byte), by)).unwrap_or(*byte);
        }
    }
}

/// Where the quote is that is not escaped.
fn end_of_parameter(text: &str) -> usize {
    let mut escaped = false;
    for (at, one) in text.char_indices() {
        if one == '"' && !escaped {
            return at;
        }
        escaped = one == '\\' && !escaped;
    }
    text.len()
}

fn of_pattern(pattern: &str, by: usize) -> String {
    let mut made = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(one) = rest.chars().next() {
        let length = match one {
            '\\' => escape(rest),
            '[' => set(rest),
            '(' if rest.starts_with("(?") => flags(rest),
            '%' if rest.starts_with("%{") => rest.find('}').map_or(rest.len(), |end| end + 1),
            _ => 0,
        };
        if length == 0 {
            made.push(exchanged(one, by));
            rest = rest.split_at(one.len_utf8()).1;
        } else {
            let (kept, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            made.push_str(kept);
            rest = after;
        }
    }
    made
}

/// Length of `\b`, `\x5c`, `\u00e4`.
fn escape(text: &str) -> usize {
    let kind = text.chars().nth(1);
    2 + match kind {
        Some('x') => 2,
        Some('u') => 4,
        Some(other) => other.len_utf8() - 1,
        None => 0,
    }
}

/// Length of `[…]`, in which a first `]`, an escape and `[:space:]` do not end it.
fn set(text: &str) -> usize {
    let mut at = 1;
    if text.get(at..).is_some_and(|rest| rest.starts_with('^')) {
        at += 1;
    }
    if text.get(at..).is_some_and(|rest| rest.starts_with(']')) {
        at += 1;
    }
    while let Some(rest) = text.get(at..) {
        let Some(one) = rest.chars().next() else {
            break;
        };
        at += match one {
            ']' => return at + 1,
            '\\' => escape(rest),
            '[' if rest.starts_with("[:") => rest.find(":]").map_or(1, |end| end + 2),
            other => other.len_utf8(),
        };
    }
    text.len()
}

/// Length of `(?i)`, `(?i:`, `(?:`.
fn flags(text: &str) -> usize {
    text.find([':', ')', '=', '!', '>'])
        .map_or(text.len(), |end| end + 1)
}

fn exchanged(one: char, by: usize) -> char {
    const VOWELS: &[u8] = b"aeiou";
    const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxyz";
    let lower = one.to_ascii_lowercase();
    let next = |letters: &[u8]| {
        let at = letters
            .iter()
            .position(|letter| char::from(*letter) == lower)?;
        let next = letters.get((at + by) % letters.len()).copied();
        next.map(char::from)
    };
    match next(VOWELS).or_else(|| next(CONSONANTS)) {
        Some(other) if one.is_ascii_uppercase() => other.to_ascii_uppercase(),
        Some(other) => other,
        None => one,
    }
}
