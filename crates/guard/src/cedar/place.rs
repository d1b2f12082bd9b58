//! What Cedar says about a text becomes a mistake with its place.

use miette::{Diagnostic, LabeledSpan};
use vauban_policy::{Mistake, Spot, TextFile};

#[cfg(test)]
mod tests;

/// What Cedar reported, at the place that it names; the beginning of the file when it names none.
///
/// `policy` is Cedar's own name of the policy: the place says it better than `policy7` does.
pub(super) fn mistake(
    file: &TextFile,
    report: &dyn Diagnostic,
    policy: Option<&str>,
    hint: &str,
) -> Mistake {
    let label = report.labels().and_then(|mut labels| labels.next());
    let spot = spot(&file.text, label.as_ref().map_or(0, LabeledSpan::offset));
    let without_name = |text: String| {
        let name = policy.map(|policy| format!("for policy `{policy}`, "));
        match name.and_then(|name| text.strip_prefix(&name)) {
            Some(rest) => rest.to_owned(),
            None => text,
        }
    };
    let expected = label.and_then(|label| label.label().map(str::to_owned));
    let help = report.help().map(|help| without_name(help.to_string()));
    let hint = help.or(expected).unwrap_or_else(|| hint.to_owned());
    Mistake::new(
        &file.name,
        spot,
        without_name(report.to_string()),
        Some(hint),
    )
}

/// The place of a byte in a text; what is missing at the end is missing after the last word.
pub(super) fn spot(text: &str, offset: usize) -> Spot {
    let before = match text.get(..offset) {
        Some(before) if before.len() < text.len() => before,
        _ => text.trim_end(),
    };
    let line = before.rsplit('\n').next().unwrap_or_default();
    Spot {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

/// Where `?principal` and `?resource` stand in a text that Cedar could read: each `?` outside comments and quotes.
pub(super) fn slots(text: &str) -> Vec<Spot> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((offset, char)) = chars.next() {
        match char {
            '?' => found.push(spot(text, offset)),
            '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                chars.by_ref().find(|(_, char)| *char == '\n');
            }
            '"' => {
                let mut escaped = false;
                chars.by_ref().find(|(_, char)| {
                    let ends = *char == '"' && !escaped;
                    escaped = *char == '\\' && !escaped;
                    ends
                });
            }
            _ => {}
        }
    }
    found
}
