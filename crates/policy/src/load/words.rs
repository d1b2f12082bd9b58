//! How names are written, and which name was meant.

/// A name: lower case, digits and `-`, beginning with a letter; it becomes part of SPIFFE ids and file names.
pub(super) fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(good)
}

/// A role: one word of a comma-separated list.
pub(super) fn is_role(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.len() <= 64 && text.chars().all(good)
}

/// A permission: one scope token (RFC 6749 §3.3) without quotes and commas.
pub(super) fn is_permission(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '/');
    !text.is_empty() && text.len() <= 128 && text.chars().all(good)
}

/// A DNS name or IP address, lower case.
pub(super) fn is_host(text: &str) -> bool {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A header field name (RFC 9110 §5.1) without `_`, which the framing gate refuses.
pub(super) fn is_header(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^`|~".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(good)
}

/// A Cedar entity type, e.g. `Account` or `Bank::Account`.
pub(super) fn is_entity(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.split("::").all(part)
}

/// The known word that is nearest to what was written, when it is near enough.
pub(super) fn closest<'w>(written: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    known
        .map(|word| {
            (
                distance(&written.to_lowercase(), &word.to_lowercase()),
                word,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// A hint towards the nearest word, or all of them.
pub(super) fn hint(written: &str, known: &[String], plural: &str) -> String {
    match closest(written, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => format!("there are no {plural}"),
        None => format!("{plural}: {}", list_of(known.iter().map(String::as_str))),
    }
}

/// Words in backticks, separated by commas.
pub(super) fn list_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let diagonal = row.get(j).copied().unwrap_or(usize::MAX - 1);
            let before = next.last().copied().unwrap_or(usize::MAX - 1);
            next.push(
                (above + 1)
                    .min(before + 1)
                    .min(diagonal + usize::from(a != *b)),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
