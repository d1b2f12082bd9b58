//! The unit tests of libinjection, fast paths beside slow ones, and long hostile inputs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::fold::fold;
use super::html::{Html, PieceKind, Place};
use super::lexer::{Context, Dialect, Lexer};
use super::token::{Kind, Token};
use super::*;

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// A token in the form of the suite. The suite writes the `@` of a variable, which is not part of the token's text.
fn shown_token(input: &[u8], token: &Token<'_>) -> String {
    let mut line = format!("{} ", char::from(token.kind.letter()));
    let quoted = matches!(token.kind, Kind::String | Kind::Variable);
    if token.kind == Kind::Variable {
        let at =
            token.text.as_ptr() as usize - input.as_ptr() as usize - usize::from(token.open != 0);
        let ats = input[..at]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'@')
            .count();
        line.push_str(&"@".repeat(ats));
    }
    if quoted && token.open != 0 {
        line.push(char::from(token.open));
    }
    line.push_str(&shown(token.text));
    if quoted && token.close != 0 {
        line.push(char::from(token.close));
    }
    line
}

fn shown_piece(kind: PieceKind) -> &'static str {
    match kind {
        PieceKind::Text => "DATA_TEXT",
        PieceKind::TagOpen => "TAG_NAME_OPEN",
        PieceKind::TagEnd => "TAG_NAME_CLOSE",
        PieceKind::TagSelfClose => "TAG_NAME_SELFCLOSE",
        PieceKind::TagClose => "TAG_CLOSE",
        PieceKind::AttributeName => "ATTR_NAME",
        PieceKind::AttributeValue => "ATTR_VALUE",
        PieceKind::Comment => "TAG_COMMENT",
        PieceKind::Doctype => "DOCTYPE",
    }
}

/// What stands before and behind the first `mark`.
fn split<'a>(text: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = memchr::memmem::find(text, mark).unwrap();
    (&text[..at], &text[at + mark.len()..])
}

/// What we say to a case of the suite, in the suite's form.
fn answer(case: &str, input: &[u8]) -> String {
    let lexer = Lexer::new(input, Context::AsIs, Dialect::Ansi);
    let lines: Vec<String> = if case.starts_with("test-tokens-") {
        lexer.map(|token| shown_token(input, &token)).collect()
    } else if case.starts_with("test-folding-") {
        let folded = fold(lexer);
        folded.tokens[..folded.len]
            .iter()
            .map(|token| shown_token(input, token))
            .collect()
    } else if case.starts_with("test-sqli-") {
        sqli(input)
            .map(|found| found.to_string())
            .into_iter()
            .collect()
    } else if case.starts_with("test-html5-") {
        Html::new(input, Place::Data)
            .map(|piece| {
                format!(
                    "{},{},{}",
                    shown_piece(piece.kind),
                    piece.text.len(),
                    shown(piece.text)
                )
            })
            .collect()
    } else {
        vec![u8::from(xss(input)).to_string()]
    };
    lines.join("\n").trim_end().to_owned()
}

/// Phrases are shown in upper case here and as they were written in C; the case of the whole answer never matters otherwise.
fn agrees(case: &str, expected: &str, answer: &str) -> bool {
    expected == answer
        || (case.starts_with("test-folding-") && expected.eq_ignore_ascii_case(answer))
}

/// `id`, `answer` and `reason` of the ledger's cases; all values are JSON strings.
fn ledger() -> BTreeMap<String, [String; 2]> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/libinjection/ledger.toml");
    let text = fs::read_to_string(path).unwrap();
    let mut entries = BTreeMap::new();
    for case in text.split("[[case]]\n").skip(1) {
        let field = |name: &str| -> String {
            let line = case
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            serde_json::from_str(line.unwrap_or_else(|| panic!("no {name} in {case}"))).unwrap()
        };
        entries.insert(field("id"), [field("answer"), field("reason")]);
    }
    entries
}

#[test]
fn the_unit_tests_of_libinjection_pass() {
    let Some(corpora) = std::env::var_os("VAUBAN_CORPORA").map(PathBuf::from) else {
        println!("libinjection: not run, VAUBAN_CORPORA is not set");
        return;
    };
    let mut ledger = ledger();
    let mut wrong = String::new();
    let mut cases: Vec<_> = fs::read_dir(corpora.join("libinjection/tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    cases.sort();
    for path in &cases {
        let id = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read(path).unwrap();
        let (_, text) = split(&text, b"--INPUT--\n");
        let (input, expected) = split(text, b"--EXPECTED--\n");
        let input = input.trim_ascii_end();
        let expected = shown(expected).trim_end().to_owned();
        let answer = answer(id, input);
        match (ledger.remove(id), agrees(id, &expected, &answer)) {
            (None, true) => {}
            (None, false) => writeln!(
                wrong,
                "{id}: {answer:?} instead of {expected:?} for {}",
                input.escape_ascii()
            )
            .unwrap(),
            (Some(_), true) => writeln!(wrong, "{id}: agrees, its entry is stale").unwrap(),
            (Some([known, reason]), false) => {
                if known != answer || reason.len() < 10 {
                    writeln!(
                        wrong,
                        "{id}: {answer:?}, but the ledger says {known:?} ({reason})"
                    )
                    .unwrap();
                }
            }
        }
    }
    for id in ledger.keys() {
        writeln!(wrong, "{id}: matches no case").unwrap();
    }
    assert!(wrong.is_empty(), "{} cases\n{wrong}", cases.len());
    assert!(cases.len() > 400, "{} cases were found", cases.len());
    println!("libinjection: {} cases", cases.len());
}

/// The verdict without the short cuts of [`xss`]: every place, every piece.
fn xss_slowly(input: &[u8]) -> bool {
    xss::xss_everywhere(input)
}

fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        proptest::sample::select(
            &[
                "<", ">", "=", "'", "\"", "`", "/", "<!--", "-->", "<a ", "onx", "href", "data:",
                "&#", "--", "/*", "*/", "$a$", "$$", "q'(", "or.", " ", "1", "select", "union",
                "(", ")", ",", "{", "\\", "@", "0x", "0b", "1e", "_", "#", ";",
            ][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn short_cuts_change_no_verdict(input in hostile_bytes()) {
        prop_assert_eq!(xss(&input), xss_slowly(&input));
        if !input.is_empty() {
            prop_assert_eq!(sqli(&input), verdict::sqli(&input));
        }
    }

    #[test]
    fn plain_values_are_no_attack(input in "[0-9A-Za-z_]{1,24}|0[xXbB][0-9A-Za-z_]{0,12}|[0-9]{1,4}[eEdDfF][0-9A-Za-z_]{0,8}") {
        prop_assert_eq!(verdict::sqli(input.as_bytes()), None);
    }

    #[test]
    fn any_bytes_are_judged(input in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let fingerprint = sqli(&input);
        prop_assert!(fingerprint.is_none_or(|found| (1..=5).contains(&found.as_str().len())));
        prop_assert_eq!(xss(&input), xss_slowly(&input));
    }

    #[test]
    fn tokens_are_parts_of_the_input(input in hostile_bytes()) {
        let tokens = Lexer::new(&input, Context::Single, Dialect::MySql);
        prop_assert!(tokens.count() <= input.len().max(1));
    }
}

/// What repeats to a long input that is hard for someone.
const REPEATED: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    "''",
    "<",
    ">",
    "=",
    "/",
    "</",
    "<!--",
    "-",
    "-\0",
    "<!--\0",
    "%",
    "<%",
    "]",
    "&#0",
    "/*",
    "*/",
    "/*/",
    "$",
    "$$",
    "$a",
    "$a$",
    "$a$a",
    "or.",
    "or`",
    "a.",
    "1,",
    "1+",
    "1-",
    "(",
    ")",
    "{",
    "}",
    "{a ",
    "@",
    "@@`",
    "q'",
    "q'(",
    "nq'",
    "x'0",
    "b'0",
    "u&'",
    "--",
    "--\n",
    "#",
    "#\n",
    ";",
    ";;",
    "\0",
    "a ",
    "not ",
    "+",
    "!",
    "::",
    "1 or ",
    "collate a_",
    "\\1",
    "0x",
    "<a ",
    "a=",
    "a='",
    "on",
    "<a\0",
    "<svg",
    "\u{a0}",
    "select ",
    "union all ",
];

/// A reader that takes quadratic time needs minutes for these.
#[test]
fn long_inputs_take_linear_time() {
    for unit in REPEATED {
        let input = unit.repeat(65_536 / unit.len());
        for (prefix, suffix) in [("", ""), ("<a href='", ""), ("'", "="), ("1 or ", "<")] {
            let input = [prefix.as_bytes(), input.as_bytes(), suffix.as_bytes()].concat();
            std::hint::black_box((sqli(&input), xss(&input)));
        }
    }
}
