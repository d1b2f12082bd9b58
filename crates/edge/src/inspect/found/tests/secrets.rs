//! Rules that match whatever they look at, on requests with a secret in each place and spelling: what is told of no finding
//! holds it.

use std::fmt::Write as _;
use std::sync::Arc;

use vauban_waf::regression::{Request, Runner};
use vauban_waf::{Files, Mode, RuleSet, Source, Strategy};

use super::*;

const SECRET: &str = "48151623";
/// As it is, as hexadecimal, in base 64, and the beginning of each.
const SPELLED: [&str; 3] = ["481516", "343831353136", "NDgxNTE2"];

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(path.to_owned())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Err(pattern.to_owned())
    }
}

/// As it is, rewritten, captured, quoted in messages, kept for later, and seen again in a chain.
fn greedy() -> Arc<RuleSet> {
    let variables = [
        "ARGS",
        "ARGS_NAMES",
        "ARGS_GET",
        "ARGS_POST",
        "ARGS_COMBINED_SIZE",
        "REQUEST_URI",
        "REQUEST_URI_RAW",
        "REQUEST_LINE",
        "REQUEST_FILENAME",
        "REQUEST_BASENAME",
        "QUERY_STRING",
        "REQUEST_BODY",
        "REQUEST_HEADERS",
        "REQUEST_HEADERS_NAMES",
        "REQUEST_COOKIES",
        "REQUEST_COOKIES_NAMES",
        "XML:/*",
        "FULL_REQUEST",
        "FILES",
        "FILES_NAMES",
        "MULTIPART_PART_HEADERS",
        "TX",
    ];
    let mut text = "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n\
        SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
        SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
        SecAction \"id:3,phase:1,pass,nolog,ctl:forceRequestBodyVariable=On\"\n"
        .to_owned();
    let any = "\"@rx (?s)(.+)\"";
    let mut ids = 100..;
    for variable in variables {
        let rewritten = [
            "",
            ",t:hexEncode",
            ",t:base64Encode",
            ",t:urlDecodeUni",
            ",t:jsDecode",
            ",t:length",
        ];
        let plain = rewritten.iter().map(|one| format!(",msg:'plain'{one}"));
        let kept = "setvar:'tx.kept=%{MATCHED_VAR}',setvar:'tx.%{MATCHED_VAR}=1'";
        let quoted = [
            "%{MATCHED_VAR}",
            "%{TX.1}",
            "%{ARGS.pin}",
            "%{REQUEST_URI}",
            "%{TX.kept}",
        ];
        let quoting = quoted.iter().map(|one| format!(",msg:'a {one} b',{kept}"));
        for (id, further) in ids.by_ref().zip(plain.chain(quoting)) {
            writeln!(
                text,
                "SecRule {variable} {any} \"id:{id},phase:2,pass,log,capture,t:none{further}\""
            )
            .unwrap();
        }
        let id = ids.next().unwrap();
        writeln!(
            text,
            "SecRule {variable} {any} \"id:{id},phase:2,pass,log,capture,t:none,chain,msg:'chained'\"\n\
             SecRule TX:1|MATCHED_VARS|MATCHED_VAR|ARGS {any} \"capture\""
        )
        .unwrap();
    }
    let source = Source {
        name: "greedy",
        text: text.as_bytes(),
    };
    Arc::new(RuleSet::load(&[source], &NoFiles).unwrap())
}

/// Requests with the secret in each place, and the route's template.
fn requests() -> Vec<(&'static str, String)> {
    let get = |query: &str, head: &str| {
        (
            "/a",
            format!("GET /a?q=1&{query} HTTP/1.1\r\nHost: x\r\n{head}\r\n"),
        )
    };
    let post = |kind: &str, body: &str| {
        let length = body.len();
        let head = format!(
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}"
        );
        ("/a", format!("{head}\r\n\r\n{body}"))
    };
    let s = SECRET;
    let form = "application/x-www-form-urlencoded";
    let parts = "multipart/form-data; boundary=b";
    vec![
        get(&format!("pin={s}"), ""),
        get(&format!("PIN[]={s}"), ""),
        get(&format!("p%69n={s}"), ""),
        get(&format!("p%2569n={s}"), ""),
        get(&format!("%u0070in={s}"), ""),
        get(&format!("new+pin={s}"), ""),
        get(&format!("x.password={s}&%7b%22pin%22:{s}"), ""),
        get(
            "a=1",
            &format!("Cookie: a={s}; pin={s}\r\nX-Api-Key: {s}\r\nAuthorization: Bearer {s}\r\n"),
        ),
        get("a=1", &format!("Referer: https://a.example/?p%69n={s}\r\n")),
        (
            "/reset/{token}",
            format!("GET /reset/{s} HTTP/1.1\r\nHost: x\r\n\r\n"),
        ),
        post(form, &format!("a=1&p%69n={s}")),
        post(form, &format!("{{\"pin\":\"{s}\"}}")),
        post("application/json", &format!("{{\"p\\u0069n\":\"{s}\"}}")),
        post("application/json", &format!("{{\"a\":[{{\"pin\":{s}}}]}}")),
        post("text/xml", &format!("<a><pin>{s}</pin></a>")),
        post(
            parts,
            &format!("--b\r\nContent-Disposition: form-data; name=\"pin\"\r\n\r\n{s}\r\n--b--\r\n"),
        ),
        post("text/plain", &format!("pin: {s}")),
    ]
}

#[test]
fn a_redacted_argument_is_in_no_finding_under_no_spelling() {
    let mut runner = Runner::new(&greedy(), Mode::Monitor, Strategy::Indexed);
    let words = ["pin".to_owned()];
    for (template, wire) in requests() {
        let request = Request::from_wire(wire.as_bytes());
        let report = runner.transact(&request, None);
        let target = String::from_utf8_lossy(&request.target);
        let redaction = Redaction::new(&words, &format!("{template} {target}"));
        let holds = |text: &str| SPELLED.iter().any(|one| text.contains(one));
        let raw = format!(
            "{:?}",
            report
                .findings
                .iter()
                .map(|one| String::from_utf8_lossy(&one.value))
                .collect::<Vec<_>>()
        );
        assert!(holds(&raw), "no rule saw it, so nothing is shown: {wire}");
        for finding in &report.findings {
            // One by one, so that no limit hides any.
            let found = of(
                "a fact".to_owned(),
                std::slice::from_ref(finding),
                redaction,
            );
            let told = serde_json::to_string(&found.findings).unwrap();
            assert!(!holds(&told), "{told}\n{wire}");
        }
    }
}
