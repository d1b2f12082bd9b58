use super::{Json, StrictError, read};

#[track_caller]
fn check(text: &str, expected: &Result<Json, StrictError>) {
    assert_eq!(&read(text.as_bytes()), expected, "{text}");
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

#[test]
fn accepts_json_and_keeps_numbers_as_written() {
    check("null", &Ok(Json::Null));
    check(" true ", &Ok(Json::Boolean(true)));
    check("-0.50e+3", &Ok(Json::Number("-0.50e+3".to_owned())));
    check("500101", &Ok(Json::Number("500101".to_owned())));
    check(r#""\u0061\n\ud83d\ude00ü""#, &Ok(text("a\n😀ü")));
    check("[ ]", &Ok(Json::List(Vec::new())));
    check("{ }", &Ok(Json::Object(std::collections::BTreeMap::new())));
    check(
        r#"[1,"a"]"#,
        &Ok(Json::List(vec![Json::Number("1".to_owned()), text("a")])),
    );
}

#[test]
fn refuses_what_readers_disagree_on() {
    for bad in [
        "",
        "nul",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "-",
        "0x10",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "\"a",
        "\"\t\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "1 2",
        "\u{feff}1",
        "// c\n1",
        "NaN",
        "{\"a\" 1}",
        "[1 2]",
    ] {
        check(bad, &Err(StrictError::Syntax));
    }
    check(r#"{"a":1,"a":1}"#, &Err(StrictError::Duplicate));
    check(r#"{"a":1,"\u0061":2}"#, &Err(StrictError::Duplicate));
    check(r#"{"x":{"a":1,"a":2}}"#, &Err(StrictError::Duplicate));
    assert_eq!(read(b"\"\xff\""), Err(StrictError::Encoding));
}

#[test]
fn bounds_depth_on_both_sides() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        // The edge's number as well: what passes there is not refused here for its depth.
        assert!(read(nested(32).as_bytes()).is_ok());
        check(&nested(33), &Err(StrictError::Depth));
        check(&nested(100_000), &Err(StrictError::Depth));
    }
}

#[test]
fn follows_pointers() {
    let value = read(br#"{"a":{"b/c":[10,{"~":"x"}]},"":1}"#).unwrap();
    for (pointer, expected) in [
        ("/a/b~1c/0", Some(Json::Number("10".to_owned()))),
        ("/a/b~1c/1/~0", Some(text("x"))),
        ("/", Some(Json::Number("1".to_owned()))),
        ("/a/b~1c/00", None),
        ("/a/b~1c/+0", None),
        ("/a/b~1c/2", None),
        ("/missing", None),
        ("a", None),
    ] {
        assert_eq!(value.at(pointer).cloned(), expected, "{pointer}");
    }
}
