//! The requests of a parser in wide use, in its strict mode, with what it makes of them.

use std::fs;
use std::path::Path;

use super::{Case, Expected, files, latin1, number_repeated, stem, with_host};

pub(super) fn read(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for path in files(&folder.join("test/request"), "md") {
        read_file(
            &stem(&path),
            &fs::read_to_string(&path).unwrap(),
            &mut cases,
        );
    }
    number_repeated(&mut cases);
    cases
}

/// A heading, a comment with the mode, the bytes, and the events of the parser.
fn read_file(file: &str, text: &str, cases: &mut Vec<Case>) {
    for part in text.split("<!-- meta=").skip(1) {
        let before = text.split_at(part.as_ptr().addr() - text.as_ptr().addr()).0;
        let title = before
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix('#'))
            .unwrap_or_default();
        let title = title.trim_start_matches('#').trim();
        let mode = part.lines().next().unwrap();
        if !mode.replace(' ', "").contains(r#""type":"request""#) {
            continue;
        }
        let (Some(input), Some(log)) = (fenced(part, "http"), fenced(part, "log")) else {
            continue;
        };
        // A pause is asked for by the test, not by the bytes.
        let refused = log
            .lines()
            .any(|line| line.contains("error code=") && !line.contains("pause"));
        let expected = if refused {
            Expected::Refuse
        } else {
            Expected::Accept
        };
        cases.push(Case {
            id: format!("{file}/{title}"),
            bytes: latin1(&with_host(&unescaped(input))),
            expected,
        });
    }
}

fn fenced<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    text.split_once(&format!("```{kind}\n"))?
        .1
        .split_once("\n```")
        .map(|(inside, _)| inside)
}

/// The suite's own notation: lines end with CR LF, a backslash at the end joins two lines, and there are escapes.
fn unescaped(input: &str) -> String {
    let joined = input.replace("\\\n", "").replace('\n', "\r\n");
    let simple = joined
        .replace("\\r", "\r")
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\f", "\u{c}");
    let mut parts = simple.split("\\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(part.len().min(2));
        text.push(char::from(u8::from_str_radix(digits, 16).unwrap()));
        text.push_str(rest);
    }
    text
}
