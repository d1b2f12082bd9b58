use super::*;

fn check(text: &str, expected: Result<(), (&str, &str)>) {
    let found = scan(text.as_bytes());
    let shown = found
        .as_ref()
        .copied()
        .map_err(|flaw| (flaw.pointer.as_str(), flaw.reason));
    assert_eq!(shown, expected, "{text}");
    if found.is_ok() {
        serde_json::from_str::<serde_json::Value>(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn json_with_one_reading_passes() {
    let cases = [
        "null",
        " true ",
        "\t\r\n[]",
        "{}",
        "{\"a\":1,\"b\":{\"a\":2}}",
        "[{\"a\":1},{\"a\":1}]",
        "-0",
        "0.5e-3",
        "1E+2",
        "18446744073709551615",
        "-9223372036854775808",
        "\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"é😀\"",
    ];
    for text in cases {
        check(text, Ok(()));
    }
}

#[test]
fn json_with_two_readings_is_refused_where_it_stands() {
    let cases = [
        ("", ("", "is not JSON")),
        ("{", ("", "is not JSON")),
        ("nul", ("", "is not JSON")),
        ("[1,]", ("/1", "is not JSON")),
        ("[1 2]", ("", "is not JSON")),
        ("{\"a\"1}", ("/a", "is not JSON")),
        ("{a:1}", ("", "is not JSON")),
        ("{\"a\":1,}", ("", "is not JSON")),
        ("'a'", ("", "is not JSON")),
        ("NaN", ("", "is not JSON")),
        ("01", ("", "has text after the value")),
        ("+1", ("", "is not JSON")),
        ("1.", ("", "is not JSON")),
        (".5", ("", "is not JSON")),
        ("1e", ("", "is not JSON")),
        ("-", ("", "is not JSON")),
        ("{} {}", ("", "has text after the value")),
        ("\u{feff}{}", ("", "is not JSON")),
        ("// x\n{}", ("", "is not JSON")),
        ("{\"a\":1,\"a\":2}", ("/a", "is given twice")),
        (
            "{\"x\":[{\"a\":1,\"\\u0061\":2}]}",
            ("/x/0/a", "is given twice"),
        ),
        ("{\"a/b\":1,\"a/b\":1}", ("/a~1b", "is given twice")),
        (
            "\"a",
            (
                "",
                "has a string that does not end or holds a control character",
            ),
        ),
        (
            "\"a\nb\"",
            (
                "",
                "has a string that does not end or holds a control character",
            ),
        ),
        ("\"\\x\"", ("", "has an unknown escape")),
        ("\"\\u12g4\"", ("", "has an unknown escape")),
        ("\"\\ud800\"", ("", "has half a surrogate pair")),
        ("\"\\ud800\\u0041\"", ("", "has half a surrogate pair")),
        ("\"\\udc00\"", ("", "has half a surrogate pair")),
        (
            "18446744073709551616",
            ("", "has a number that is too large"),
        ),
        (
            "-9223372036854775809",
            ("", "has a number that is too large"),
        ),
        ("{\"n\":1e999}", ("/n", "has a number that is too large")),
    ];
    for (text, expected) in cases {
        check(text, Err(expected));
    }
    let flaw = scan(b"\"\xff\"").unwrap_err();
    assert_eq!(flaw.reason, "is not UTF-8");
}

#[test]
fn depth_is_limited() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        // The guard's number; a deeper body would be refused inside, after the edge had let it pass.
        assert!(scan(nested(32).as_bytes()).is_ok());
        let flaw = scan(nested(33).as_bytes()).unwrap_err();
        assert_eq!(flaw.reason, "is nested too deeply");
    }
    assert_eq!(JSON_DEPTH_MAX, 32);
    assert!(scan("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn long_keys_are_cut_in_the_pointer() {
    let text = format!("{{\"{0}\":1,\"{0}\":1}}", "k".repeat(10_000));
    assert_eq!(
        scan(text.as_bytes()).unwrap_err().pointer,
        format!("/{}…", "k".repeat(64))
    );
}
