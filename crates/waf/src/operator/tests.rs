use std::path::Path;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use serde_json::Value;

use super::validate::{UrlEncodingFault, Utf8Fault};
use super::*;
use crate::seclang::operand::{byte_ranges, network};
use crate::seclang::syntax::{ByteRanges, Network};

fn parse_networks(text: &str) -> Result<Vec<Network>, ()> {
    // Lists in files have lines and comments, which the loader takes away.
    let whole: Vec<&str> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect();
    whole
        .join(",")
        .split(',')
        .map(|one| network(one.as_bytes()).map_err(drop))
        .collect()
}

fn parse_byte_ranges(text: &str) -> Result<ByteRanges, ()> {
    byte_ranges(text.as_bytes()).map_err(drop)
}

/// The operator by its name in the test cases, asked with a parameter. `None`: not one of ours, or a parameter that does not load.
fn asked(name: &str, parameter: &str, value: &[u8]) -> Option<bool> {
    let text = parameter.as_bytes();
    let number = || (parse_number(value), parse_number(text));
    let verified = |verify: fn(&[u8]) -> bool| found_at_any_place(parameter, value, verify);
    Some(match name.to_ascii_lowercase().as_str() {
        "beginswith" => begins_with(value, text),
        "contains" => contains(value, text),
        "containsword" => contains_word(value, text),
        "endswith" => ends_with(value, text),
        "streq" => streq(value, text),
        "strmatch" => strmatch(value, text),
        "within" => within(value, text),
        "eq" => number().0 == number().1,
        "ge" => number().0 >= number().1,
        "gt" => number().0 > number().1,
        "le" => number().0 <= number().1,
        "lt" => number().0 < number().1,
        "ipmatch" => ip_match(value, &parse_networks(parameter).ok()?),
        "validatebyterange" => {
            validate_byte_range(value, &parse_byte_ranges(parameter).ok()?).is_some()
        }
        "validateurlencoding" => validate_url_encoding(value).is_some(),
        "validateutf8encoding" => validate_utf8_encoding(value).is_some(),
        "verifycc" => verified(verify_cc),
        "verifycpf" => verified(verify_cpf),
        "verifyssn" => verified(verify_ssn),
        _ => return None,
    })
}

/// How the `verify…` operators use their pattern: the match that begins first, from each place on.
fn found_at_any_place(pattern: &str, value: &[u8], verify: fn(&[u8]) -> bool) -> bool {
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true);
    let pattern = Regex::builder()
        .syntax(syntax.dot_matches_new_line(true))
        .build(pattern)
        .unwrap();
    (0..value.len()).any(|from| {
        let input = Input::new(value).range(from..).anchored(Anchored::No);
        pattern
            .find(input)
            .is_some_and(|found| verify(&value[found.range()]))
    })
}

fn check(name: &str, parameter: &str, value: &[u8], expected: bool) {
    let given = asked(name, parameter, value);
    assert_eq!(
        given,
        Some(expected),
        "@{name} {parameter} of `{}`",
        value.escape_ascii()
    );
}

const CASES: &[(&str, &str, &[u8], bool)] = &[
    ("beginsWith", "ab", b"abc", true),
    ("beginsWith", "ab", b"a", false),
    ("beginsWith", "", b"", true),
    ("endsWith", "bc", b"abc", true),
    ("endsWith", "abc", b"bc", false),
    ("contains", "b\0", b"ab\0c", true),
    ("contains", "", b"", true),
    ("contains", "abc", b"ab", false),
    ("strmatch", "b", b"abc", true),
    ("streq", "a", b"A", false),
    ("within", "GET POST", b"POS", true),
    ("within", "GET POST", b"", true),
    ("within", "GET", b"GETS", false),
    ("containsWord", "", b"x", true),
    ("containsWord", "", b"", true),
    ("containsWord", "a", b"", false),
    ("containsWord", "ab", b"ab", true),
    ("containsWord", "ab", b"abc ab", true),
    ("containsWord", "ab", b"xab abx", false),
    ("containsWord", "ab", b"1ab_", true),
    ("containsWord", "a.a", b"xa.a.a", true),
    ("containsWord", "aa", b"aaa", false),
    ("containsWord", "-a-", b"b-a-a-", false),
    ("eq", "0", b"abc", true),
    ("eq", "-1", b" \t-1x", true),
    ("eq", "5", b"+5", true),
    ("gt", "0", b"", false),
    ("gt", "9223372036854775806", b"99999999999999999999", true),
    ("lt", "-9223372036854775807", b"-99999999999999999999", true),
    ("ge", "2", b"2", true),
    ("le", "1", b"2", false),
    ("ipMatch", "10.0.0.0/8", b"10.255.0.1", true),
    ("ipMatch", "10.0.0.0/8", b"11.0.0.1", false),
    ("ipMatch", "192.168.1.9/24", b"192.168.1.200", true),
    ("ipMatch", "::1", b"0:0:0:0:0:0:0:1", true),
    (
        "ipMatch",
        "2001:db8::/33, 127.0.0.1",
        b"2001:db8:8000::1",
        false,
    ),
    ("ipMatch", "2001:db8::/33, 127.0.0.1", b"127.0.0.1", true),
    ("ipMatch", "0.0.0.0/0", b"8.8.8.8", true),
    ("ipMatch", "::/0", b"8.8.8.8", false),
    ("ipMatch", "127.0.0.1", b"::ffff:127.0.0.1", false),
    (
        "ipMatch",
        "127.0.0.1 # loopback\n10.0.0.1\n",
        b"10.0.0.1",
        true,
    ),
    ("ipMatch", "127.0.0.1", b"127.0.0.1 ", false),
    ("validateByteRange", "32-126", b"abc", false),
    ("validateByteRange", "32-126", b"a\n", true),
    ("validateByteRange", "9, 10,13,32-126", b"a\n", false),
    ("validateByteRange", "1-255", b"a\0", true),
    ("validateUrlEncoding", "", b"", false),
    ("validateUrlEncoding", "", b"%41%7a", false),
    ("validateUrlEncoding", "", b"%4", true),
    ("validateUrlEncoding", "", b"100%", true),
    ("validateUrlEncoding", "", b"%%41", true),
    ("validateUtf8Encoding", "", "aé€😀".as_bytes(), false),
    ("validateUtf8Encoding", "", b"\xf4\x90\x80\x80", false),
    ("validateUtf8Encoding", "", b"\xf5\x80\x80\x80", true),
    ("validateUtf8Encoding", "", b"\xed\xa0\x80", true),
    ("validateUtf8Encoding", "", b"\xc0\xaf", true),
    ("validateUtf8Encoding", "", b"\xe2\x82", true),
    ("verifyCC", "[0-9 ]{13,19}", b"n=4111 1111 1111 1111", true),
    ("verifyCC", "[0-9]{16}", b"4111111111111112", false),
    ("verifyCC", "x*", b"abc", false),
    ("verifyCPF", "[0-9.-]+", b"529.982.247-25", true),
    ("verifyCPF", "[0-9.-]{11,14}", b"529.982.247-26", false),
    ("verifyCPF", "[0-9]{11}", b"11111111111", false),
    ("verifyCPF", "[0-9]{11}", b"01234567890", false),
    ("verifySSN", "[0-9-]+", b"078-05-1120", true),
    ("verifySSN", "[0-9]{9}", b"666051120", false),
    ("verifySSN", "[0-9]{9}", b"000051120", false),
    ("verifySSN", "[0-9]{9}", b"078001120", false),
    ("verifySSN", "[0-9]{9}", b"123456789", false),
    ("verifySSN", "[0-9]{9}", b"111111111", false),
    ("verifySSN", "[0-9]{10}", b"0780511201", false),
];

#[test]
fn answers() {
    for (name, parameter, value, expected) in CASES {
        check(name, parameter, value, *expected);
    }
}

#[test]
fn places() {
    assert_eq!(
        validate_url_encoding(b"a%4"),
        Some(UrlEncodingFault::TooShort { at: 1 })
    );
    assert_eq!(
        validate_url_encoding(b"%41%zz"),
        Some(UrlEncodingFault::NotHexadecimal { at: 3 })
    );
    assert_eq!(
        validate_utf8_encoding(b"a\xe2\x82"),
        Some(Utf8Fault::CharactersMissing { at: 1 })
    );
    assert_eq!(
        validate_utf8_encoding(b"\xc3("),
        Some(Utf8Fault::InvalidEncoding { at: 0 })
    );
    assert_eq!(
        validate_utf8_encoding(b"ab\xc1\x81"),
        Some(Utf8Fault::Overlong { at: 2 })
    );
    assert_eq!(
        validate_utf8_encoding(b"\xf4\x90\x80\x80\xed\xb0\x80"),
        Some(Utf8Fault::Restricted { at: 4 })
    );
    let ranges = parse_byte_ranges("1-5,7").unwrap();
    assert_eq!(validate_byte_range(b"\x01\x07\x06", &ranges), Some(2));
    assert!(bytes_refused(&ranges).contains(6) && !bytes_refused(&ranges).contains(7));
}

#[test]
fn mistakes() {
    for text in [
        "",
        "10.0.0.0/33",
        "::/129",
        "1.2.3",
        "1.2.3.4/",
        "1.2.3.4/+8",
        "1.2.3.4/255.0.0.0",
        "1.2.3.4,x",
        "01.2.3.4",
    ] {
        assert!(parse_networks(text).is_err(), "{text}");
    }
    for text in ["", "256", "5-1", "1-", "-1", "a", "1,,2", "+1", "0-256"] {
        assert!(parse_byte_ranges(text).is_err(), "{text}");
    }
}

/// Searching for each of many overlapping places must not start anew.
#[test]
fn many_overlapping_words() {
    let value = vec![b'a'; 400_000];
    assert!(!contains_word(&value, &value[..200_000]));
}

/// The cases in `libmodsecurity`'s source write bytes as `\xHH`, beyond JSON's own escapes.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let escape = match rest {
            [b'\\', b'x', a, b, ..] => (4, [b'0', b'0', *a, *b]),
            [b'\\', b'u', a, b, c, d, ..] => (6, [*a, *b, *c, *d]),
            _ => (0, [b'z'; 4]),
        };
        let number = std::str::from_utf8(&escape.1).ok();
        let number = number.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        bytes.push(number.map_or(*byte, |number| number.to_le_bytes()[0]));
        rest = number.map_or(behind, |_| &rest[escape.0..]);
    }
    bytes
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the place of the sources is a matter of the machine that tests"
)]
fn its_own_cases() {
    let folder = std::env::var("VAUBAN_MODSECURITY_SRC").unwrap_or_default();
    let folder = Path::new(&folder).join("test/test-cases/secrules-language-tests/operators");
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("not run: `VAUBAN_MODSECURITY_SRC` holds no cases of operators");
        return;
    };
    let (mut count, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in files {
        let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for case in cases {
            let text = |key: &str| case[key].as_str().unwrap_or_default();
            let (name, parameter, input) = (text("name"), text("param"), unescape(text("input")));
            let Some(given) = asked(name, parameter, &input) else {
                continue;
            };
            count += 1;
            if given != (case["ret"] == 1) {
                wrong.push(format!(
                    "@{name} {parameter} of `{}`: {given}",
                    input.escape_ascii()
                ));
            }
        }
    }
    println!("{count} cases");
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
