use super::*;

#[derive(Default)]
struct Log(Vec<String>);

impl Parts for Log {
    fn field(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.0
            .push(format!("{}={}", name.escape_ascii(), value.escape_ascii()));
        true
    }

    fn file(&mut self, name: &[u8], filename: &[u8], content: &[u8]) -> bool {
        let (name, filename) = (name.escape_ascii(), filename.escape_ascii());
        self.0
            .push(format!("{name}@{filename}={}", content.escape_ascii()));
        true
    }

    fn part_header(&mut self, part_name: &[u8], header_line: &[u8]) -> bool {
        if !header_line
            .to_ascii_lowercase()
            .starts_with(b"content-disposition")
        {
            self.0.push(format!(
                "{}: {}",
                part_name.escape_ascii(),
                header_line.escape_ascii()
            ));
        }
        true
    }
}

const TYPE: &str = "multipart/form-data; boundary=0";

fn read(content_type: &str, body: &str) -> (Vec<String>, MultipartFlags, Option<String>) {
    let mut log = Log::default();
    match multipart(
        body.as_bytes(),
        content_type.as_bytes(),
        &MultipartLimits::default(),
        &mut log,
    ) {
        Ok(flags) => (log.0, flags, None),
        Err(failure) => {
            assert!(failure.flags.strict_error());
            let message = failure
                .error
                .message
                .strip_prefix("Multipart parsing error: ")
                .map(str::to_owned);
            (log.0, failure.flags, message)
        }
    }
}

/// A body of one part with this `Content-Disposition`.
fn with_disposition(value: &str) -> String {
    format!("--0\r\nContent-Disposition: {value}\r\n\r\nx\r\n--0--\r\n")
}

fn check(body: &str, expected: &[&str], flags: fn(&mut MultipartFlags)) {
    let mut wanted = MultipartFlags {
        crlf_line: true,
        unmatched_boundary: 2,
        ..MultipartFlags::default()
    };
    flags(&mut wanted);
    let (log, seen, error) = read(TYPE, body);
    assert_eq!(error, None, "{body}");
    assert_eq!(log, expected, "{body}");
    assert_eq!(seen, wanted, "{body}");
}

fn check_error(body: &str, expected: &[&str], message: &str) {
    let (log, _, error) = read(TYPE, body);
    assert_eq!(error.as_deref(), Some(message), "{body}");
    assert_eq!(log, expected, "{body}");
}

#[test]
fn parts() {
    check(&with_disposition("form-data; name=\"a\""), &["a=x"], |_| ());
    check(
        &with_disposition("form-data; name=a; filename=b"),
        &["a@b=x"],
        |_| (),
    );
    check(
        "--0\r\nContent-Disposition: form-data; name=\"a\"\r\nA:  b\r\n\r\nx\r\ny\r\n\r\n--0--",
        &["a: A:  b", "a=x\\r\\ny\\r\\n"],
        |flags| flags.unmatched_boundary = 0,
    );
    check(
        &with_disposition("form-data ; name = \"a\\\"\\\\\\n\" ;filename=\"\";"),
        &["a\\\"\\\\\\\\n=x"],
        |_| (),
    );
    check(
        &with_disposition("form-data; name=a; filename=b; filename*=utf-8'en'%41b"),
        &["a@b=x"],
        |_| (),
    );
}

#[test]
fn flags() {
    let part = with_disposition("form-data; name=a");
    check(&format!("x\r\n{part}"), &["a=x"], |flags| {
        flags.data_before = true;
    });
    check(&format!("{part}x"), &["a=x"], |flags| {
        flags.data_after = true;
    });
    check(
        &with_disposition("form-data;\r\n name=a"),
        &["a=x"],
        |flags| flags.header_folding = true,
    );
    check(
        &with_disposition("form-data;\r\n\u{b}name=a"),
        &["a=x"],
        |flags| {
            flags.header_folding = true;
            flags.invalid_header_folding = true;
        },
    );
    check(
        &with_disposition("form-data; name='a'"),
        &["a=x"],
        |flags| flags.invalid_quoting = true,
    );
    check(&part.replacen("\r\n", "\n", 1), &["a=x"], |flags| {
        flags.lf_line = true;
    });
    check(&part.replace('x', "x\r\n--1"), &["a=x\\r\\n--1"], |_| ());
}

#[test]
fn errors_keep_what_came_before() {
    let part = with_disposition("form-data; name=a");
    let open = part.replace("--0--\r\n", "");
    check_error("x", &[], "no boundary found");
    check_error(&open, &["a=x"], "the final boundary is missing");
    check_error(
        &format!("{open}--0--x\r\n"),
        &["a=x"],
        "something behind the boundary on its line",
    );
    check_error(
        &format!("{open}-- 0\r\n"),
        &["a=x"],
        "white space before the boundary",
    );
    check_error(
        &part.replacen("\r\n\r\n", "\r\nA\r\n\r\n", 1),
        &["a=x"],
        "a part header without colon",
    );
    check_error(
        &part.replacen("\r\n\r\n", "\r\n: b\r\n\r\n", 1),
        &["a=x"],
        "a part header without name",
    );
    check_error(
        &part.replacen("\r\n\r\n", "\r\nA: \0\r\n\r\n", 1),
        &["a=x"],
        "a NUL in a part header",
    );
    check_error(
        &part.replacen("--0\r\n", "--0\r\n A: b\r\n", 1),
        &["a=x"],
        "a folded line that follows no part header",
    );
    let repeated = part.replacen(
        "\r\n\r\n",
        "\r\ncontent-disposition: form-data; name=b\r\n\r\n",
        1,
    );
    check_error(&repeated, &["a=x"], "a part header that is repeated");
    let long = part.replacen(
        "\r\n\r\n",
        &format!("\r\nA: {}\r\n\r\n", "b".repeat(LINE)),
        1,
    );
    check_error(&long, &[], "a part header that is too long");
    let folded = format!("\r\nA: {0}\r\n {0}\r\n\r\n", "b".repeat(LINE / 2));
    let (_, _, error) = read(TYPE, &part.replacen("\r\n\r\n", &folded, 1));
    assert_eq!(
        error.as_deref(),
        Some("a folded part header that is too long")
    );
}

#[test]
fn dispositions() {
    let cases = [
        ("attachment; name=a", "that is not form-data"),
        ("form-data", "without name"),
        ("form-data; filename=\"a\"", "without name"),
        ("form-data; name=\"a", "without closing quote"),
        ("form-data; name=\"a\\", "that ends with a backslash"),
        ("form-data; name", "parameter without value"),
        ("form-data; name=", "parameter without value"),
        (
            "form-data; name=a; name=b",
            "with two parameters of one name",
        ),
        ("form-data; name=a; size=1", "with an unknown parameter"),
        (
            "form-data; name=\"a\"b",
            "with something behind a parameter",
        ),
        (
            "form-data; name=a; filename =\"b\"",
            "whose file name is easily overlooked",
        ),
        (
            "form-data; name=a; filename*=utf-8''b",
            "with filename* and without filename",
        ),
        (
            "form-data; name=a; filename=b; filename*=''b",
            "with a malformed filename*",
        ),
        (
            "form-data; name=a; filename=b; filename*=utf-8''%4",
            "with a malformed filename*",
        ),
    ];
    for (value, what) in cases {
        let (_, _, error) = read(TYPE, &with_disposition(value));
        let error = error.unwrap_or_default();
        assert!(
            error.starts_with("a Content-Disposition") && error.ends_with(what),
            "{value}: {error}"
        );
    }
}

type Flags = fn(&mut MultipartFlags);

#[test]
fn content_types() {
    let body = with_disposition("form-data; name=a");
    let fine: [(&str, Flags); 5] = [
        ("MULTIPART/form-data; boundary=0", |_| ()),
        ("multipart/form-data; boundary=\"0\"", |flags| {
            flags.boundary_quoted = true;
        }),
        ("multipart/form-data boundary=0", |flags| {
            flags.missing_semicolon = true;
        }),
        ("multipart/form-data; boundary =0", |flags| {
            flags.boundary_whitespace = true;
        }),
        ("multipart/form-data; boundary=0; charset=utf-8", |_| ()),
    ];
    for (content_type, flags) in fine {
        let mut wanted = MultipartFlags {
            crlf_line: true,
            unmatched_boundary: 2,
            ..MultipartFlags::default()
        };
        flags(&mut wanted);
        let (log, seen, error) = read(content_type, &body);
        assert_eq!(
            (log.as_slice(), seen, error),
            (["a=x".to_owned()].as_slice(), wanted, None),
            "{content_type}"
        );
    }
}

#[test]
fn malformed_content_types() {
    let body = with_disposition("form-data; name=a");
    let malformed = [
        ("", "the Content-Type is not multipart/form-data"),
        (
            "multipart/form-data",
            "no boundary parameter in the Content-Type header",
        ),
        (
            "multipart/form-data; Boundary=0",
            "the boundary parameter of the Content-Type header is not in lower case",
        ),
        (
            "multipart/form-data; boundary=0; boundary=1",
            "several boundary parameters in the Content-Type header",
        ),
        (
            "multipart/form-data, boundary=0",
            "something before the boundary parameter of the Content-Type header",
        ),
        (
            "multipart/form-data; boundaryx=0",
            "the name of the boundary parameter goes on",
        ),
        (
            "multipart/form-data; boundary",
            "the boundary parameter has no value",
        ),
        ("multipart/form-data; boundary=", "the boundary is empty"),
        (
            "multipart/form-data; boundary=\"\"",
            "the boundary is empty",
        ),
        (
            "multipart/form-data; boundary=\"0",
            "a single quote around the boundary",
        ),
        (
            "multipart/form-data; boundary=0!",
            "the boundary contains characters that are not allowed",
        ),
        (
            "multipart/form-data; boundary=0 ",
            "the boundary contains characters that are not allowed",
        ),
    ];
    for (content_type, message) in malformed {
        let (log, _, error) = read(content_type, &body);
        assert_eq!(
            (log, error.as_deref()),
            (Vec::new(), Some(message)),
            "{content_type}"
        );
    }
}

#[test]
fn an_empty_body_is_no_error() {
    let (log, flags, error) = read(TYPE, "");
    assert_eq!(
        (log, flags, error),
        (Vec::new(), MultipartFlags::default(), None)
    );
}
