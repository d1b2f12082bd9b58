use super::*;

fn read(input: &[u8]) -> (XmlValues, Result<(), BodyError>) {
    let mut values = XmlValues::default();
    let result = xml(input, &XmlLimits::default(), &mut values);
    (values, result)
}

fn check(input: &[u8], text: &str, attributes: &[&str]) {
    let (values, result) = read(input);
    assert_eq!(result, Ok(()), "{}", input.escape_ascii());
    assert_eq!(
        values.text(),
        Some(text.as_bytes()),
        "{}",
        input.escape_ascii()
    );
    assert!(
        values
            .attributes()
            .eq(attributes.iter().map(|value| value.as_bytes())),
        "{}",
        input.escape_ascii()
    );
}

/// `text` is what was read before the error.
fn check_error(input: &[u8], text: Option<&str>, message: &str) {
    let (values, result) = read(input);
    assert_eq!(
        result.unwrap_err().message,
        format!("XML parsing error: {message}"),
        "{}",
        input.escape_ascii()
    );
    assert_eq!(
        values.text(),
        text.map(str::as_bytes),
        "{}",
        input.escape_ascii()
    );
}

#[test]
fn values() {
    check(b"<a/>", "", &[]);
    check(
        b"<a b='1' c=\"2\">t<!-- no -->u<?no no?><d e='3'>v</d>w</a>",
        "tuvw",
        &["1", "2", "3"],
    );
    check(
        b"<a>&lt;&#65;&#x42;&amp;<![CDATA[<&>]]></a>",
        "<AB&<&>",
        &[],
    );
    check(
        b"<a b='&quot;\t&#10;\r\n&#x20ac;'/>",
        "",
        &["\" \n \u{20ac}"],
    );
    check(b"<a>\r\n\r<b>\n</b></a>\n", "\n\n\n", &[]);
    check(
        b"<a xmlns='u' xmlns:x='v' x:y='1' xml:lang='de'/>",
        "",
        &["1", "de"],
    );
    check(
        b"<?xml version=\"1.0\" encoding=\"utf-8\"?><!DOCTYPE a><a>x</a>",
        "x",
        &[],
    );
    check(b"<!DOCTYPE a PUBLIC 'p' \"s\"><a>x&nbsp;y</a>", "xy", &[]);
}

#[test]
fn encodings() {
    check(b"\xef\xbb\xbf<a>\xc3\xa9</a>", "\u{e9}", &[]);
    check(
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
        "\u{e9}",
        &[],
    );
    let wide: Vec<u8> = "<a>\u{1f600}</a>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check(&wide, "\u{1f600}", &[]);
    check(&[b"\xff\xfe", wide.as_slice()].concat(), "\u{1f600}", &[]);
    let wide: Vec<u8> = "\u{feff}<a>\u{e9}</a>"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    check(&wide, "\u{e9}", &[]);
    check_error(b"<a>x\xff</a>", Some("x"), "text that is not UTF-8");
    check_error(
        b"<a>x\x01</a>",
        Some("x"),
        "a character that is not allowed",
    );
    check_error(
        b"<?xml version='1.0' encoding='UTF-7'?><a>x</a>",
        Some("x"),
        "an encoding that is not supported",
    );
    check_error(
        &wide[..wide.len() - 1],
        Some("\u{e9}"),
        "text that is not UTF-16",
    );
}

#[test]
fn errors_keep_what_came_before() {
    check_error(b"", None, "the document ends too early");
    check_error(b"<a>x<b>y", Some("xy"), "the document ends too early");
    check_error(
        b"<a>x</b>",
        Some("x"),
        "tags, comments or references that are not well-formed",
    );
    check_error(b"<a>x</a><b/>", Some("x"), "a second root element");
    check_error(b"<a/>x", Some(""), "text outside of the root element");
    check_error(
        b"<a/><![CDATA[x]]>",
        Some(""),
        "text outside of the root element",
    );
    check_error(b"<a/>&lt;", Some(""), "text outside of the root element");
    check_error(b"<1/>", None, "an element whose name is not allowed");
    check_error(
        b"<a b='1' b='2'/>",
        Some(""),
        "an attribute that is repeated",
    );
    check_error(
        b"<a b='1'c='2'/>",
        Some(""),
        "an attribute whose name is not allowed",
    );
    check_error(b"<a b=1/>", Some(""), "an attribute value without quotes");
    check_error(b"<a b='<'/>", Some(""), "`<` in an attribute value");
    check_error(
        b"<a>&x;</a>",
        Some(""),
        "a reference to an entity that is not declared",
    );
    check_error(
        b"<a>&#0;</a>",
        Some(""),
        "a reference to a character that is not allowed",
    );
    check_error(b"<a>]]></a>", Some("]]>"), "`]]>` in text");
    check_error(
        b" <?xml version='1.0'?><a/>",
        None,
        "an XML declaration that is not at the start",
    );
    check_error(
        b"<?xml encoding='utf-8'?><a/>",
        None,
        "a malformed XML declaration",
    );
    check_error(
        b"<?XML x?><a/>",
        None,
        "a processing instruction whose target is not allowed",
    );
    check_error(b"<!doctype a><a/>", None, "a malformed document type");
    check_error(
        b"<a/><!DOCTYPE a>",
        Some(""),
        "a document type that is not before the root element",
    );
}

#[test]
fn declarations_of_its_own_are_refused_and_the_rest_is_read() {
    for subset in [
        "<!ENTITY e SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY e 'x'>",
        "<!ATTLIST a b CDATA 'x'>",
        "",
    ] {
        let input = format!("<!DOCTYPE a [{subset}]><a c='1'>x&e;y</a>");
        let (values, result) = read(input.as_bytes());
        assert_eq!(
            result.unwrap_err().kind,
            BodyErrorKind::Forbidden,
            "{input}"
        );
        assert_eq!(values.text(), Some(b"xy".as_slice()), "{input}");
        assert!(values.attributes().eq([b"1"]), "{input}");
    }
}

#[test]
fn values_are_cleared_before_the_next_document() {
    let mut values = XmlValues::default();
    assert_eq!(
        xml(b"<a b='1'>x</a>", &XmlLimits::default(), &mut values),
        Ok(())
    );
    assert!(xml(b"", &XmlLimits::default(), &mut values).is_err());
    assert_eq!(values, XmlValues::default());
}
