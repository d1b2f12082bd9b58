//! Limits on both sides, and hostile bodies of up to a megabyte that must be read in linear time.

use vauban_waf::body::{
    BodyErrorKind, JsonLimits, MultipartLimits, XmlLimits, XmlValues, json, multipart, urlencoded,
    xml,
};

use super::seen::{Processor, Request, Seen, see};

const MEGABYTE: usize = 1 << 20;

fn repeated(unit: &str, bytes: usize) -> Vec<u8> {
    unit.repeat(bytes / unit.len()).into_bytes()
}

/// What each hostile body repeats.
const UNITS: [(Processor, &[&str]); 5] = [
    (Processor::Head, &["/"]),
    (Processor::Urlencoded, &["&", "=", "%", "+", "a=&", "%%"]),
    (
        Processor::Json,
        &[
            "{\"a\":",
            "[",
            "[[],",
            "\"",
            "\\",
            "1",
            "-",
            " ",
            "\"\\u0000",
            "[1,",
            "\u{e9}",
        ],
    ),
    (
        Processor::Xml,
        &[
            "<a>",
            "<",
            "&amp;",
            "<a ",
            "<a b='",
            "<!--",
            "<![CDATA[",
            "<?",
            "<!DOCTYPE a [",
            "<!DOCTYPE a ",
            "]]>",
            " ",
            "<a/>",
            "<a b=''/>",
            "\u{e9}",
        ],
    ),
    (
        Processor::Multipart,
        &[
            "--0000",
            "--0000\r\n",
            "-",
            "\r\n",
            "\n",
            "\r",
            "a",
            "a: b\r\n",
            " b\r\n",
            "--0000\r\nA: b\r\n\r\n",
            "--0000\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n",
            "\0",
        ],
    ),
];

/// Quadratic time would take minutes to hours here, so no clock is needed: the test would not come back.
#[test]
fn hostile_bodies_are_read_in_linear_time() {
    for (processor, units) in UNITS {
        for unit in units {
            for prefix in [
                "",
                "<a>",
                "<a ",
                "[\"",
                "--0000\r\n",
                "--0000\r\nA: b\r\n",
                "--0000\r\nContent-Disposition: form-data; name=\"",
            ] {
                let bytes = if prefix.is_empty() {
                    MEGABYTE
                } else {
                    MEGABYTE / 16
                };
                let body = [prefix.as_bytes(), &repeated(unit, bytes)].concat();
                let mut request = Request::new(processor, &body);
                request.target.clone_from(&body);
                request.cookie = body
                    .iter()
                    .map(|byte| if *byte == b'&' { b';' } else { *byte })
                    .collect();
                drop(see(&request));
            }
        }
    }
}

/// One element with very many attributes, all different: looking for a repeated one must not compare all with all.
#[test]
fn many_attributes_are_read_in_linear_time() {
    let attributes: String = (0..100_000)
        .flat_map(|number| [" a".to_owned(), number.to_string(), "=''".to_owned()])
        .collect();
    let seen = see(&Request::new(
        Processor::Xml,
        format!("<a{attributes}/>").as_bytes(),
    ));
    assert_eq!(seen.error, None);
    assert_eq!(seen.of(&["XML://@*"]).len(), 100_000);
}

fn json_kind(body: &str, limits: &JsonLimits) -> Option<BodyErrorKind> {
    json(body.as_bytes(), limits, &mut |_: &[u8], _: &[u8]| true)
        .err()
        .map(|error| error.kind)
}

#[test]
fn json_depth() {
    let limits = JsonLimits {
        depth_max: 3,
        ..JsonLimits::default()
    };
    assert_eq!(json_kind("[{\"a\":[1]}]", &limits), None);
    assert_eq!(
        json_kind("[{\"a\":[[1]]}]", &limits),
        Some(BodyErrorKind::Limit)
    );
    assert_eq!(json_kind("[[[]],[[]]]", &limits), None);
}

#[test]
fn json_names() {
    let limits = JsonLimits {
        names_bytes_max: 2 * "json.abc".len(),
        ..JsonLimits::default()
    };
    assert_eq!(json_kind("{\"abc\":1,\"def\":2}", &limits), None);
    assert_eq!(
        json_kind("{\"abc\":1,\"def\":2,\"g\":3}", &limits),
        Some(BodyErrorKind::Limit)
    );
}

#[test]
fn receivers_end_the_reading() {
    let mut left = 2;
    let result = json(
        b"[1,2,3]",
        &JsonLimits::default(),
        &mut |_: &[u8], _: &[u8]| {
            left -= 1;
            left > 0
        },
    );
    assert_eq!(result.unwrap_err().kind, BodyErrorKind::Stopped);
    let mut left = 2;
    let result = urlencoded(b"a=%&b=%41", b'&', &mut |_: &[u8], _: &[u8]| {
        left -= 1;
        left > 0
    });
    assert!(result.invalid_encoding && !result.complete);
}

#[test]
fn xml_depth() {
    let limits = XmlLimits { depth_max: 2 };
    let mut values = XmlValues::default();
    assert_eq!(xml(b"<a><b/><c/></a>", &limits, &mut values), Ok(()));
    let error = xml(b"<a><b>x<c/></b></a>", &limits, &mut values).unwrap_err();
    assert_eq!(error.kind, BodyErrorKind::Limit);
    assert_eq!(values.text(), Some(b"x".as_slice()));
}

fn multipart_kind(parts: &[&str], limits: &MultipartLimits) -> Option<BodyErrorKind> {
    let body: String = parts
        .iter()
        .flat_map(|part| ["--0000\r\n", part, "\r\n\r\nx\r\n"])
        .collect();
    let content_type = b"multipart/form-data; boundary=0000";
    let mut seen = Seen::default();
    let result = multipart(
        format!("{body}--0000--\r\n").as_bytes(),
        content_type,
        limits,
        &mut seen,
    );
    result.err().map(|failure| failure.error.kind)
}

#[test]
fn multipart_parts_files_and_headers() {
    let limits = MultipartLimits {
        parts_max: 2,
        files_max: 1,
        part_headers_max: 2,
    };
    let field = "Content-Disposition: form-data; name=\"a\"";
    let file = "Content-Disposition: form-data; name=\"a\"; filename=\"b\"";
    let more = "Content-Disposition: form-data; name=\"a\"\r\nA: b";
    let most = "Content-Disposition: form-data; name=\"a\"\r\nA: b\r\nC: d";
    let cases: [(&[&str], bool); 6] = [
        (&[field, file], true),
        (&[field, field, field], false),
        (&[file], true),
        (&[file, file], false),
        (&[more], true),
        (&[most], false),
    ];
    for (parts, fits) in cases {
        let expected = (!fits).then_some(BodyErrorKind::Limit);
        assert_eq!(multipart_kind(parts, &limits), expected, "{parts:?}");
    }
}
