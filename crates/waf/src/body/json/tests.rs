use super::*;

type Leaves = Vec<(String, Vec<u8>)>;

fn read(input: &[u8]) -> (Leaves, Result<(), BodyError>) {
    let mut seen = Vec::new();
    let result = json(
        input,
        &JsonLimits::default(),
        &mut |name: &[u8], value: &[u8]| {
            seen.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
            true
        },
    );
    (seen, result)
}

fn check(input: &str, expected: &[(&str, &str)]) {
    let (seen, result) = read(input.as_bytes());
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    assert_eq!(seen, expected, "{input}");
    assert_eq!(result, Ok(()), "{input}");
}

fn check_error(input: &[u8], values: usize, message: &str) {
    let (seen, result) = read(input);
    assert_eq!(seen.len(), values, "{}", input.escape_ascii());
    let error = result.unwrap_err();
    assert_eq!(
        error.message,
        format!("JSON parsing error: {message}"),
        "{}",
        input.escape_ascii()
    );
}

#[test]
fn names() {
    check("1", &[("json", "1")]);
    check(
        "{\"a\":{\"b\":1},\"c\":2}",
        &[("json.a.b", "1"), ("json.c", "2")],
    );
    check(
        "{\"a\":[1,{\"b\":2},[3,4]]}",
        &[
            ("json.a.array_0", "1"),
            ("json.a.array_1.b", "2"),
            ("json.a.array_2.array_0", "3"),
            ("json.a.array_2.array_1", "4"),
        ],
    );
    check(
        "[[],{},5]",
        &[
            ("json.array_0", ""),
            ("json.array_1", ""),
            ("json.array_2", "5"),
        ],
    );
    check("{}", &[]);
    check("[ ]", &[]);
    check(
        "{\"a\":{\"b\":[ ],\"c\":{\"d\":{}}},\"e\":[[{}],1]}",
        &[
            ("json.a.b", ""),
            ("json.a.c.d", ""),
            ("json.e.array_0.array_0", ""),
            ("json.e.array_1", "1"),
        ],
    );
    check("{\"\":{\"\":1}}", &[("json.empty-key.empty-key", "1")]);
    check("{\"a\":1,\"a\":2}", &[("json.a", "1"), ("json.a", "2")]);
    check("{\"\\u0061.b\":1}", &[("json.a.b", "1")]);
    check(
        "[0,0,0,0,0,0,0,0,0,0,[7]]",
        &[
            ("json.array_0", "0"),
            ("json.array_1", "0"),
            ("json.array_2", "0"),
            ("json.array_3", "0"),
            ("json.array_4", "0"),
            ("json.array_5", "0"),
            ("json.array_6", "0"),
            ("json.array_7", "0"),
            ("json.array_8", "0"),
            ("json.array_9", "0"),
            ("json.array_10.array_0", "7"),
        ],
    );
}

#[test]
fn values() {
    check(" true\u{b}", &[("json", "true")]);
    check(
        "[false,null]\u{c}\r\n\t",
        &[("json.array_0", "false"), ("json.array_1", "")],
    );
    check(
        "[-0.10e+05,1E9,0]",
        &[
            ("json.array_0", "-0.10e+05"),
            ("json.array_1", "1E9"),
            ("json.array_2", "0"),
        ],
    );
    check(
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20AC\"",
        &[("json", "\"\\/\u{8}\u{c}\n\r\t\u{20ac}")],
    );
    check("\"\\ud83d\\ude00\"", &[("json", "\u{1f600}")]);
    check("\"\\ud83dx\\u0000\"", &[("json", "?x\0")]);
    check(
        "\"\u{7f}\u{e9}\u{1f600}\"",
        &[("json", "\u{7f}\u{e9}\u{1f600}")],
    );
}

#[test]
fn errors_keep_what_came_before() {
    check_error(b"", 0, "unexpected end, before byte 0");
    check_error(b"{\"a\":1", 1, "unexpected end, before byte 6");
    check_error(b"{\"a\":1,}", 1, "unexpected byte, before byte 8");
    check_error(b"[1,]", 1, "unexpected byte, before byte 4");
    check_error(b"[1}", 1, "unexpected byte, before byte 3");
    check_error(b"{1:2}", 0, "unexpected byte, before byte 2");
    check_error(b"[01]", 1, "unexpected byte, before byte 3");
    check_error(b"[1.]", 0, "unexpected byte, before byte 3");
    check_error(b"-", 0, "unexpected end, before byte 1");
    check_error(b"truE", 0, "unexpected byte, before byte 3");
    check_error(b"1 2", 1, "something behind the document, before byte 3");
    check_error(
        b"[1] /**/",
        1,
        "something behind the document, before byte 5",
    );
    check_error(b"\"\\x\"", 0, "invalid escape in a string, before byte 1");
    check_error(
        b"\"\\u12g4\"",
        0,
        "invalid escape in a string, before byte 1",
    );
    check_error(
        b"\"a\nb\"",
        0,
        "unescaped control character in a string, before byte 2",
    );
    check_error(b"\"\xff\"", 0, "a string that is not UTF-8, before byte 3");
    check_error(
        b"\"\xc0\xaf\"",
        0,
        "a string that is not UTF-8, before byte 4",
    );
    check_error(b"\"ab", 0, "unexpected end, before byte 3");
}
