use super::*;

fn show(request: &Request) -> String {
    let (method, target) = (request.method.escape_ascii(), request.target.escape_ascii());
    format!("{method} {target} {}", request.body.escape_ascii())
}

#[test]
fn payloads_are_encoded() {
    let check = |encoder: &str, expected: &str| {
        assert_eq!(
            encoder::encode(encoder, "a'<\u{1F600} ").as_deref(),
            Some(expected)
        );
    };
    check("Plain", "a'<\u{1F600} ");
    check("URL", "a%27%3C%F0%9F%98%80+");
    check("Base64", "YSc88J+YgCA=");
    check("Base64Flat", "YSc88J+YgCA");
    check("JSUnicode", "\\u0061\\u0027\\u003c\\ud83d\\ude00\\u0020");
    check("XMLEntity", "<string>a&#39;&lt;\u{1F600} </string>");
    assert_eq!(encoder::encode("Rot13", "a"), None);
    assert_eq!(encoder::encode("Base64", "ab").as_deref(), Some("YWI="));
}

#[test]
fn payloads_are_placed() {
    let check = |placeholder: &str, settings: &str, payload: &str, expected: Result<&str, &str>| {
        let settings = crate::regression::yaml::parse("settings", settings).unwrap();
        let found = placeholder::place(placeholder, settings.as_ref(), payload, "0123456789");
        let found = found.map(|request| show(&request));
        assert_eq!(
            found.as_deref().map_err(|reason| *reason),
            expected,
            "{placeholder}"
        );
    };
    let unsendable = Err("the HTTP client of the tool refuses to send it");
    check("URLPath", "", "a b%0d?c d#e", Ok("GET /a%20b%0d?c%20d "));
    check("URLPath", "", "a%", unsendable);
    check("URLPath", "", "a\nb", unsendable);
    check("URLParam", "", "%zz", Ok("GET /?0123456789=%zz "));
    check("HTMLForm", "", "a", Ok("POST / 0123456789=a"));
    check("JSONBody", "", "{}", Ok("POST / {}"));
    check("RequestBody", "", "x", Ok("POST / x"));
    check("Header", "", "a\nb", unsendable);
    check(
        "JSONRequest",
        "",
        "a",
        Ok("POST / {\\\"test\\\":true, \\\"0123456789\\\": \\\"\\\\u0061\\\"}"),
    );
    check("GraphQL", "{method: GET}", "a b", Ok("GET /?query=a+b "));
    check("GraphQL", "{method: POST}", "a b", Ok("POST / a b"));
    check(
        "GraphQL",
        "{}",
        "a",
        Err("GraphQL needs the method GET or POST"),
    );
    check(
        "RawRequest",
        "{method: CUST, path: '/{{payload}}', body: '{{payload}}'}",
        "a",
        Ok("CUST /a a"),
    );
    check(
        "Nowhere",
        "",
        "a",
        Err("there is no placeholder of that name"),
    );
}

#[test]
fn a_file_is_payloads_times_encoders_times_placeholders() {
    let text =
        "payload: [\"a\", b]\nencoder: [Plain, URL]\nplaceholder: [URLPath, gRPC]\ntype: x\n";
    let replay = read("owasp/x.yml", text.as_bytes(), Form::GoTestWaf).unwrap();
    assert_eq!((replay.requests.len(), replay.skipped.len()), (4, 4));
    assert_eq!(replay.requests[3].id, "owasp/x.yml/2/URL/URLPath");
    assert_eq!(replay.requests[3].attack, Some(true));
    let benign = read("false-pos/x.yml", text.as_bytes(), Form::GoTestWaf).unwrap();
    assert_eq!(benign.requests[0].attack, Some(false));
    let quoted = "payload:\n  - \"\\'-a\\\\(1)\"\nencoder: [Plain]\nplaceholder: [RequestBody]\n";
    let replay = read("x.yml", quoted.as_bytes(), Form::GoTestWaf).unwrap();
    assert_eq!(show(&replay.requests[0].request), "POST / \\'-a\\\\(1)");
    let mistake = read("x.yml", b"payload: []\n", Form::GoTestWaf).unwrap_err();
    assert_eq!(
        mistake.to_string(),
        "x.yml:1: 0 requests; there must be some, and at most 100000"
    );
}

#[test]
fn lines_are_values() {
    let check = |form: Form, text: &str, expected: &[(&str, &str)]| {
        let replay = read("f", text.as_bytes(), form).unwrap();
        let found: Vec<(String, String)> = replay
            .requests
            .iter()
            .map(|replayed| (replayed.id.clone(), show(&replayed.request)))
            .collect();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(found, expected);
    };
    check(
        Form::Lines(Placement::Query),
        "# a\n\nb c+%41\r\n",
        &[("f:3", "GET /search?q=b+c%2B%2541 ")],
    );
    check(
        Form::EncodedLines(Placement::Query),
        "b+%41%4\n",
        &[("f:1", "GET /search?q=b+A%254 ")],
    );
    check(
        Form::JsonLines(Placement::Json),
        "{\"text\": \"a\\\"b\"}\n",
        &[("f:1", "POST /items {\\\"text\\\":\\\"a\\\\\\\"b\\\"}")],
    );
    check(
        Form::Wire,
        "GET /x HTTP/1.1\r\n\r\nbody",
        &[("f", "GET /x body")],
    );
    let mistake = read("f", b"{}\n", Form::JsonLines(Placement::Query)).unwrap_err();
    assert_eq!(mistake.to_string(), "f:1: an object without `text`");
}
