//! A mistake before it has a place.

/// What is wrong with one word, and where that word begins in its directive once that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(super) at: Option<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(super) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self {
            hint: hint.or(self.hint),
            ..self
        }
    }

    /// Sets the place unless somebody who knew better already has.
    pub(super) fn or_at(self, at: usize) -> Self {
        Self {
            at: self.at.or(Some(at)),
            ..self
        }
    }
}

/// The user's own words in backticks, shortened and made harmless for a terminal.
pub(super) fn quote(words: &[u8]) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    if words.is_empty() {
        return "an empty text".to_owned();
    }
    // Four bytes hold the longest character, so the cut costs nothing that would be shown.
    let head = words.get(..SHOWN_CHARS_MAX * 4).unwrap_or(words);
    let text = String::from_utf8_lossy(head);
    let mut shown = String::from("`");
    for (index, one) in text.chars().enumerate() {
        if index == SHOWN_CHARS_MAX {
            shown.push('…');
            break;
        }
        if one.is_control() {
            shown.extend(one.escape_default());
        } else {
            shown.push(one);
        }
    }
    shown.push('`');
    shown
}

/// A hint with the one of `known` that `word` was probably meant to be.
pub(super) fn did_you_mean<'a>(
    word: &[u8],
    known: impl Iterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, known).map(|name| format!("did you mean `{name}`?"))
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &[u8], known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const WORD_BYTES_MAX: usize = 64;
    if word.is_empty() || word.len() > WORD_BYTES_MAX {
        return None;
    }
    let allowed = (word.len() / 3).min(3);
    known
        .map(|name| (distance(word, name.as_bytes()), name))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// Insertions, deletions and replacements from one word to the other, without case.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, one) in left.iter().enumerate() {
        let mut diagonal = above;
        let mut before = above + 1;
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = before;
        }
        for (cell, other) in cells.zip(right) {
            let replaced = diagonal + usize::from(!one.eq_ignore_ascii_case(other));
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Text that the syntax tree keeps as `str`.
pub(super) fn text(bytes: &[u8]) -> Result<Box<str>, Fault> {
    std::str::from_utf8(bytes).map(Into::into).map_err(|error| {
        Fault::new(format!(
            "{} is not UTF-8 from its byte {} on",
            quote(bytes),
            error.valid_up_to().saturating_add(1)
        ))
    })
}

/// A whole number in decimal digits.
pub(super) fn number<T: std::str::FromStr>(bytes: &[u8], what: &str) -> Result<T, Fault> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|digits| digits.bytes().all(|one| one.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Fault::new(format!("{} is no {what}", quote(bytes))))
}
