use super::*;

/// A file in the form of CRS 3 with one stage.
fn old(input: &str, output: &str) -> String {
    format!(
        "meta: {{enabled: true}}\ntests:\n- test_title: 1-1\n  stages:\n  - stage:\n      input: {input}\n      output: {output}\n"
    )
}

fn single(text: &str) -> Case {
    let mut cases = read("a.yaml", text).unwrap();
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

fn show(request: &Request) -> String {
    let mut text = format!(
        "{}|{}|{}\n",
        request.method.escape_ascii(),
        request.target.escape_ascii(),
        request.version.escape_ascii()
    );
    for (name, value) in &request.headers {
        text = format!("{text}{}: {}\n", name.escape_ascii(), value.escape_ascii());
    }
    text + &request.body.escape_ascii().to_string()
}

#[test]
fn a_client_completes_the_request() {
    let check = |input: &str, expected: &str| {
        let case = single(&old(input, "{}"));
        assert_eq!(show(&case.stages[0].request), expected, "{input}");
    };
    check("{}", "GET|/|HTTP/1.1\nConnection: close\n");
    check("{autocomplete_headers: false}", "GET|/|HTTP/1.1\n");
    check("{stop_magic: true}", "GET|/|HTTP/1.1\n");
    check(
        "{method: POST, headers: {A: 1}}",
        "POST|/|HTTP/1.1\nA: 1\nConnection: close\nContent-Length: 0\n",
    );
    check(
        "{method: POST, data: 'a=b c&d', headers: {connection: x}}",
        "POST|/|HTTP/1.1\nconnection: x\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 7\na=b+c&d",
    );
    check(
        "{data: 'a=%20 c', headers: {content-length: 3}}",
        "GET|/|HTTP/1.1\ncontent-length: 3\nContent-Type: application/x-www-form-urlencoded\nConnection: close\na=%",
    );
    check(
        "{data: \"a=<b>\\nc\", headers: {Content-Type: multipart/form-data; boundary=b}}",
        "GET|/|HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nConnection: close\nContent-Length: 8\na=<b>\\r\\nc",
    );
    check(
        "{stop_magic: true, data: ['3', abc, '0', '', ''], headers: {Transfer-Encoding: chunked}}",
        "GET|/|HTTP/1.1\nTransfer-Encoding: chunked\nabc",
    );
    check(
        "{method: '   GET', uri: '/a b', version: JUNK/1.0, autocomplete_headers: false}",
        "   GET|/a b|JUNK/1.0\n",
    );
    check("{version: '', autocomplete_headers: false}", "GET|/|\n");
    check(
        "{encoded_request: R0VUIC94IEhUVFAvMS4wDQpBOiBiDQoNCg==}",
        "GET|/x|HTTP/1.0\nA: b\n",
    );
    check(
        "{encoded_data: AP9h, headers: {Content-Type: a/b}, autocomplete_headers: false}",
        "GET|/|HTTP/1.1\nContent-Type: a/b\n\\x00\\xffa",
    );
    check(
        "{encoded_data: YT1iIGM=, uri: /x}",
        "GET|/x|HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nConnection: close\nContent-Length: 5\na=b+c",
    );
    check(
        "{data: 'x{{ \"ab\" | repeat 3 }}{{repeat 2 `c`}}{{7*7}}', headers: {Content-Type: a/b}, autocomplete_headers: false}",
        "GET|/|HTTP/1.1\nContent-Type: a/b\nxabababcc{{7*7}}",
    );
    check(
        "{autocomplete_headers: false, ordered_headers: [{name: A, value: 1}, {name: A, value: 2}]}",
        "GET|/|HTTP/1.1\nA: 1\nA: 2\n",
    );
}

#[test]
fn expectations_are_judged() {
    let check = |output: &str, ids: &[u64], status: Option<u16>, expected: Outcome| {
        let case = single(&old("{}", output));
        let observed = Observed {
            ids,
            status,
            lines: None,
        };
        let found = case.stages[0].expectation.judge(&observed);
        assert_eq!(found, expected, "{output}");
    };
    let failed = |why: &str| Outcome::Failed(why.to_owned());
    check(
        "{log_contains: 'id \"942100\"'}",
        &[1, 942_100],
        None,
        Outcome::Passed,
    );
    check(
        "{log_contains: 'id \"942100\"'}",
        &[1],
        None,
        failed("942100 does not match"),
    );
    check(
        "{log_contains: 'id \"942100'}",
        &[942_100],
        None,
        Outcome::Passed,
    );
    check(
        "{no_log_contains: 'id:942100'}",
        &[942_100],
        None,
        failed("942100 matches"),
    );
    check(
        "{log_contains: '942100'}",
        &[],
        None,
        failed("942100 does not match"),
    );
    check(
        "{log: {expect_ids: [5, 6]}}",
        &[6, 5],
        None,
        Outcome::Passed,
    );
    check(
        "{log: {no_expect_ids: [5]}}",
        &[5],
        None,
        failed("5 matches"),
    );
    check(
        "{log: {expect_ids: [5]}, isolated: true}",
        &[5, 7],
        None,
        failed("7 matches too"),
    );
    check("{status: 400}", &[], Some(400), Outcome::Passed);
    check(
        "{status: [400, 403]}",
        &[],
        Some(200),
        failed("status 200 instead of [400, 403]"),
    );
}

#[test]
fn what_rules_write_is_matched_line_by_line() {
    let check = |output: &str, lines: &[&str], expected: Outcome| {
        let case = single(&old("{}", output));
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let observed = Observed {
            ids: &[5],
            status: None,
            lines: Some(&lines),
        };
        let found = case.stages[0].expectation.judge(&observed);
        assert_eq!(found, expected, "{output}");
    };
    let failed = |why: &str| Outcome::Failed(why.to_owned());
    let line = "[id \"5\"] [msg \"a\"]";
    let contains = "{log_contains: 'x|\\[id \"5\"\\] \\[msg \"a\"\\]'}";
    check(contains, &["", line], Outcome::Passed);
    check(
        contains,
        &["[id \"5\"]", "[msg \"a\"]"],
        failed("no rule writes `x|\\[id \"5\"\\] \\[msg \"a\"\\]`"),
    );
    let none = "{log: {no_match_regex: '\\[id \"\\d+\"\\]'}}";
    check(none, &[], Outcome::Passed);
    check(
        none,
        &[line],
        failed("a rule writes `[id \\\"5\\\"] [msg \\\"a\\\"]`"),
    );
    let both = "{log: {expect_ids: [5], match_regex: within ARGS}}";
    check(both, &["[data \"within ARGS:x\"]"], Outcome::Passed);
    check(both, &[], failed("no rule writes `within ARGS`"));
    check(
        "{log: {expect_ids: [6], match_regex: within ARGS}}",
        &["within ARGS"],
        failed("6 does not match"),
    );
}

#[test]
fn a_rule_writes_its_number_message_and_data() {
    let rules = "SecRuleEngine On\n\
        SecRule ARGS \"@rx b+\" \"id:7,phase:1,pass,log,msg:'Two of them',logdata:'%{MATCHED_VAR} in %{MATCHED_VAR_NAME}'\"\n\
        SecAction \"id:8,phase:1,pass,nolog\"\n";
    let source = crate::Source {
        name: "a.conf",
        text: rules.as_bytes(),
    };
    let set = crate::RuleSet::load(&[source], &crate::tune::NoFiles).unwrap();
    let mut runner = Runner::new(
        &set.into(),
        crate::Mode::AsConfigured,
        crate::Strategy::Indexed,
    );
    let mut check = |uri: &str, output: &str, expected: &str| {
        let case = single(&old(&format!("{{uri: '{uri}'}}"), output));
        let found = match runner.judge(&case) {
            Outcome::Passed => String::new(),
            Outcome::Failed(why) => why,
            Outcome::NotCheckable(why) => why.to_owned(),
        };
        assert_eq!(found, expected, "{uri} {output}");
    };
    let whole =
        "{log_contains: '^\\[id \"7\"\\] \\[msg \"Two of them\"\\] \\[data \"bb in ARGS:a\"\\]$'}";
    check("/?a=bb", whole, "");
    let silent = "{log: {no_match_regex: '\\[id \"\\d+\"\\]'}}";
    check("/?a=c", silent, "");
    check(
        "/?a=b",
        silent,
        "a rule writes `[id \\\"7\\\"] [msg \\\"Two of them\\\"] [data \\\"b in ARGS:a\\\"]`",
    );
}

#[test]
fn what_is_not_the_engines_is_not_judged() {
    let check = |output: &str, expected: &'static str| {
        let case = single(&old("{}", output));
        let observed = Observed {
            ids: &[],
            status: None,
            lines: None,
        };
        let found = case.stages[0].expectation.judge(&observed);
        assert_eq!(found, Outcome::NotCheckable(expected), "{output}");
    };
    let status = "a status is expected, which is the server's";
    check("{status: 400}", status);
    let text = "text of the log is expected, not a rule";
    check("{log: {match_regex: 'a.*b'}}", text);
    let error = "a failed connection is expected, which is the server's";
    check("{expect_error: true}", error);
    check("{}", "nothing is expected");
}

#[test]
fn both_forms_name_their_cases() {
    let new = "meta: {author: x}\nrule_id: 920100\ntests:\n\
        - {test_id: 4, stages: [{input: {}, output: {log: {expect_ids: [920100]}}}]}\n\
        - {test_id: 4, stages: [{input: {}, output: {}}]}\n";
    let cases = read("b.yaml", new).unwrap();
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["920100-4", "920100-4 #2"]);
    assert_eq!(cases[0].checkable(), Ok(()));
    let new = "meta: {enabled: false}\nrule_id: 920100\ntests:\n\
        - {stages: [{input: {uris: [/a, /b]}, output: {log: {expect_ids: [920100]}}}]}\n\
        - {stages: [{input: {uris: []}, output: {}}]}\n";
    let cases = read("b.yaml", new).unwrap();
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["920100-1", "920100-2"]);
    let targets = |case: &Case| -> Vec<Vec<u8>> {
        let stages = case.stages.iter();
        stages.map(|stage| stage.request.target.clone()).collect()
    };
    assert_eq!(targets(&cases[0]), [b"/a", b"/b"]);
    assert_eq!(targets(&cases[1]), [b"/"]);
    assert_eq!(cases[0].checkable(), Ok(()));
    let disabled = old("{}", "{log_contains: id \"942100\"}").replace("true", "false");
    assert_eq!(single(&disabled).checkable(), Err("its file is disabled"));
    assert_eq!(read("c.yaml", "").unwrap().len(), 0);
    assert_eq!(read("c.yaml", "tests:\n").unwrap().len(), 0);
    assert_eq!(read("c.yaml", "# none\n# ---\n").unwrap().len(), 0);
}

#[test]
fn mistakes_say_where() {
    let check = |text: &str, expected: &str| {
        let mistake = read("a.yaml", text).unwrap_err();
        assert_eq!(mistake.to_string(), expected);
    };
    check("tests:\n- stages: []\n", "a.yaml:2: a test without a title");
    check(
        "tests:\n- test_title: x\n",
        "a.yaml:2: a test without stages",
    );
    check(
        "a: &b c\nd: *b\n",
        "a.yaml:2: anchors and aliases are not read",
    );
    check(
        "a: b\n---\nc: d\n",
        "a.yaml:2: a second document begins here",
    );
    check(
        &"[".repeat(40),
        "a.yaml:1: too many lists and mappings stand inside each other",
    );
    check(
        &old("{encoded_request: '!'}", "{}"),
        "a.yaml:5: `encoded_request` is not base64",
    );
    check(
        &old("{encoded_data: '!'}", "{}"),
        "a.yaml:5: `encoded_data` is not base64",
    );
    check(
        &old("{data: '{{ \"a\" | repeat 16777217 }}'}", "{}"),
        "a.yaml:5: `data` repeats too much",
    );
    check(
        &old("{uris: [[]]}", "{}"),
        "a.yaml:5: one of `uris` is not text",
    );
    check(
        &old("{response: {encoded_body: '!'}}", "{}"),
        "a.yaml:5: `encoded_body` is not base64",
    );
    check(
        &old("{}", "{log_contains: '('}"),
        "a.yaml:5: what the log must contain is no pattern",
    );
    check(
        &old("{}", "{status: x}"),
        "a.yaml:5: `status` is not a number",
    );
}

#[test]
fn the_backend_reflects() {
    let check = |target: &str, body: &str, expected: (u16, usize, &str)| {
        let request = Request {
            method: b"POST".to_vec(),
            target: target.into(),
            body: body.into(),
            ..Request::default()
        };
        let response = reflected(&request);
        let found = String::from_utf8(response.body).unwrap();
        assert_eq!(
            (response.status, response.headers.len(), found.as_str()),
            expected,
            "{body}"
        );
    };
    check("/", "{}", (200, 0, ""));
    check("/reflect", "{}", (200, 0, ""));
    check(
        "/reflect?a",
        r#"{"status":500,"headers":{"A":"b"},"body":"c"}"#,
        (500, 1, "c"),
    );
    check("/reflect", r#"{"encodedBody":"aGk="}"#, (200, 0, "hi"));
    check("/reflect", "{", (400, 0, ""));
    check("/reflect", r#"{"status":"x"}"#, (400, 0, ""));
}

#[test]
fn a_test_may_tell_the_backend_its_answer() {
    let check = |response: &str, expected: (u16, usize, &str)| {
        let input = format!("{{method: POST, uri: /reflect, data: x, response: {response}}}");
        let found = single(&old(&input, "{}")).stages[0].response();
        let body = String::from_utf8(found.body).unwrap();
        assert_eq!(
            (found.status, found.headers.len(), body.as_str()),
            expected,
            "{response}"
        );
    };
    check("{}", (200, 0, ""));
    check(
        "{status: 500, headers: {A: b}, body: c, encoded_body: aGk=}",
        (500, 1, "c"),
    );
    check("{encoded_body: aGk=}", (200, 0, "hi"));
}

#[test]
fn a_ledger_says_exactly_what_fails() {
    let entry =
        |id: &str, reason: &str| format!("[[case]]\nid = \"{id}\"\nreason = \"{reason}\"\n");
    let reason = "for a good reason";
    let failed = Outcome::Failed("why".to_owned());
    let check = |text: &str, outcomes: &[(&str, &Outcome)], expected: &[&str]| {
        let found: Vec<String> = match Ledger::read(text) {
            Ok(ledger) => ledger.compare(outcomes.iter().copied()),
            Err(mistake) => vec![mistake],
        }
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        &entry("a", reason),
        &[("a", &failed), ("b", &Outcome::Passed)],
        &[],
    );
    check("# none\n", &[("a", &failed)], &["`a`: why"]);
    check(&entry("a", reason), &[], &["line 1: `a` matches no case"]);
    check(
        &entry("a", reason),
        &[("a", &Outcome::Passed)],
        &["line 1: `a` passes, or cannot be checked; its entry is stale"],
    );
    check(&entry("a", "short"), &[], &["line 1: `a` has no reason"]);
    check(
        &entry("a", reason).repeat(2),
        &[],
        &["line 4: `a` stands there twice"],
    );
    check(
        "id = \"a\"\n",
        &[],
        &["line 1: not a `[[case]]`, `id = \"…\"` or `reason = \"…\"`"],
    );
}

#[test]
fn wire_is_taken_apart_without_objections() {
    let check = |wire: &[u8], expected: &str| {
        assert_eq!(show(&Request::from_wire(wire)), expected);
    };
    check(b"", "||\n");
    check(b"\tGET", "\\tGET||\n");
    check(b"GET /\n", "GET|/|\n");
    check(
        b"GET / HTTP/1.1\r\nA\r\nB:  c \r\n\r\nrest",
        "GET|/|HTTP/1.1\nA: \nB: c\nrest",
    );
    check(
        b"A b c\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n",
        "A|b|c\nTransfer-Encoding: chunked\nhello",
    );
    check(
        b"A b c\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        "A|b|c\nTransfer-Encoding: chunked\nffffffffffffffff\\r\\nx",
    );
}
