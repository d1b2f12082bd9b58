//! `vauban waf`: rule sets tried out by the binary.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::house::{VAUBAN, fed, text, vauban};

/// Rules in the style of CRS, small.
const RULES: &str = "SecDefaultAction \"phase:2,log,deny,status:403\"\n\
    SecRule ARGS \"@rx select.{1,20}from\" \"id:100,phase:2,block,capture,t:lowercase,severity:CRITICAL,msg:'A query',\
    setvar:tx.anomaly_score_pl1=+5\"\n\
    SecRule REQUEST_HEADERS:User-Agent \"@contains scanner\" \"id:101,phase:1,pass,nolog\"\n";

/// A folder with files in it, and the binary asked about them.
struct Place(tempfile::TempDir);

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.add("own.conf", RULES);
        for (name, text) in files {
            place.add(name, text);
        }
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn add(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `vauban waf …`; `@NAME` is the path of a file here.
    fn waf(&self, arguments: &[&str]) -> Output {
        let arguments = arguments.iter().map(|one| match one.strip_prefix('@') {
            Some(name) => self.path(name),
            None => (*one).to_owned(),
        });
        let all: Vec<String> = ["waf".to_owned()].into_iter().chain(arguments).collect();
        vauban(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Expects this exit code; what was said.
    #[track_caller]
    fn says(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.waf(arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// Expects this exit code and JSON.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.says(code, &[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

const ATTACK: &str =
    "GET /articles?id=1+UNION+SELECT+a+FROM+b HTTP/1.1\r\nHost: x\r\nUser-Agent: scanner\r\n\r\n";
const HARMLESS: &str = "GET /articles?comment=please+select+one+from+the+list HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\n\r\n";

#[test]
fn a_request_is_explained_rule_by_rule() {
    let place = Place::with(&[
        ("attack.http", ATTACK),
        ("fine.http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ]);
    let said = place.says(1, &["test", "@attack.http", "--rules", "@own.conf"]);
    for words in [
        "phase 2  100      A query",
        "matched  ARGS:id = 1 union select a from b",
        "part     select a from",
        "severity critical",
        "action   block, which is `deny` here (403)",
        "score    5",
        "own.conf:2",
        "verdict  blocked: rule 100 asks to deny with 403",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    assert!(!said.contains("101"), "{said}");
    let said = place.says(
        1,
        &["test", "@attack.http", "--all", "--rules", "@own.conf"],
    );
    assert!(
        said.contains("phase 1  101") && said.contains("pass; silent"),
        "{said}"
    );

    let json = place.json(1, &["test", "@attack.http", "--rules", "@own.conf"]);
    assert_eq!(json["verdict"], "blocked");
    assert_eq!((&json["rule"], &json["status"]), (&json!(100), &json!(403)));
    assert_eq!(json["fired"][0]["matched"][0]["variable"], "ARGS:id");
    assert_eq!(json["fired"][0]["resolved"], "deny");
    assert_eq!(json["fired"][0]["score"]["inbound"], 5);

    let said = place.says(0, &["test", "@fine.http", "--rules", "@own.conf"]);
    assert!(
        said.contains("no rule fires") && said.contains("verdict  passes"),
        "{said}"
    );
}

#[test]
fn a_request_may_come_from_standard_input_and_cannot_write_to_the_terminal() {
    let place = Place::with(&[]);
    let mut command = Command::new(VAUBAN);
    command.args(["waf", "test", "-", "--rules", &place.path("own.conf")]);
    let wire = b"GET /?a=select%1b%5b2Jfrom HTTP/1.1\r\nHost: x\r\n\r\n";
    let output = fed(command, wire);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("select\\x1b[2jfrom") && !said.contains('\u{1b}'),
        "{said}"
    );
}

#[test]
fn the_baseline_needs_no_file() {
    let place = Place::with(&[(
        "attack.http",
        "GET /?q=1'+union+select+password+from+users--+- HTTP/1.1\r\nHost: x.example\r\n\r\n",
    )]);
    let json = place.json(1, &["test", "@attack.http", "--baseline"]);
    assert_eq!(json["verdict"], "blocked", "{json}");
}

#[test]
fn mistakes_are_named_with_their_place_and_are_exit_2() {
    let place = Place::with(&[
        ("attack.http", ATTACK),
        (
            "bad.conf",
            "SecRule ARGS \"@nonsense x\" \"id:1\"\n\nSecWhatever On\n",
        ),
        ("no-request.http", "hello\n"),
        ("notes.md", "x\n"),
        ("bad.yaml", "tests:\n  - stages: []\n"),
        ("ledger.toml", "[[case]]\nid = \"1-1\"\nreason = \"\"\n"),
        ("tests/a.yaml", &tests("100")),
        ("bad.jsonl", "{}\n\nx\n"),
    ]);
    let check = |arguments: &[&str], words: &[&str]| {
        let said = place.says(2, arguments);
        for words in words {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
    };
    let bad = ["test", "@attack.http", "--rules", "@own.conf", "@bad.conf"];
    check(&bad, &["bad.conf:1: ", "bad.conf:3: "]);
    check(
        &["test", "@attack.http", "--rules", "@no*.conf"],
        &["no*.conf`: there is no such file"],
    );
    check(
        &["test", "@attack.http"],
        &["--rules", "--crs", "--baseline"],
    );
    check(
        &["test", "@attack.http", "--baseline", "--crs"],
        &["cannot be used with"],
    );
    check(
        &["test", "@absent", "--baseline"],
        &["absent` could not be read"],
    );
    check(
        &["test", "@no-request.http", "--baseline"],
        &["no-request.http:1: not an HTTP/1.1 request"],
    );
    check(
        &["replay", "@absent", "--baseline"],
        &["absent` could not be read: No such file"],
    );
    check(
        &["replay", "@notes.md", "--baseline"],
        &["notes.md` has no end that says its form", "--form"],
    );
    check(
        &["ftw", "@bad.yaml", "--rules", "@own.conf"],
        &["bad.yaml:2: "],
    );
    let ledger = [
        "ftw",
        "@tests",
        "--rules",
        "@own.conf",
        "--ledger",
        "@ledger.toml",
    ];
    check(&ledger, &["ledger.toml: line 1: `1-1` has no reason"]);
    check(&["tune", "--rules", "@own.conf"], &["nothing was observed"]);
    check(
        &["tune", "@bad.jsonl", "--rules", "@own.conf"],
        &["bad.jsonl:1: ", "bad.jsonl:3: it is not JSON"],
    );
}

/// Two tests in the form of CRS 3: the second expects a rule that does not match, the third expects nothing checkable.
fn tests(rule: &str) -> String {
    let test = |title: &str, query: &str, output: &str| {
        format!(
            "  - test_title: {title}\n    stages:\n      - stage:\n          input:\n            uri: \"/?a={query}\"\n            \
             headers:\n              Host: x\n          output:\n            {output}\n"
        )
    };
    let log = format!("log_contains: id \"{rule}000\"");
    format!(
        "---\nmeta:\n  enabled: true\ntests:\n{}{}{}",
        test("t-1", "select%20a%20from", &log),
        test("t-2", "nothing", &log),
        test("t-3", "nothing", "expect_error: true"),
    )
}

/// The same in the form of CRS 4.
const TESTS_4: &str = "---\nrule_id: 100000\ntests:\n  - test_id: 7\n    stages:\n      - input:\n          uri: \"/?a=select%20a%20from\"\n          \
    headers:\n            Host: x\n        output:\n          log:\n            expect_ids: [100000]\n";

#[test]
fn tests_are_run_and_compared_with_a_ledger() {
    let place = Place::with(&[
        ("long.conf", &RULES.replace("id:100,", "id:100000,")),
        ("tests/3/a.yaml", &tests("100")),
        ("tests/4/b.yaml", TESTS_4),
        ("tests/README.md", "not a test"),
        (
            "known.toml",
            "[[case]]\nid = \"t-2\"\nreason = \"the rule is asked for and is not there\"\n",
        ),
        (
            "stale.toml",
            "[[case]]\nid = \"t-1\"\nreason = \"this one passes by now\"\n",
        ),
    ]);
    let ftw = ["ftw", "@tests", "--rules", "@long.conf"];
    let json = place.json(1, &ftw);
    let counts = ["passed", "failed", "skipped", "of"].map(|key| json[key].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1, 4], "{json}");
    assert_eq!(json["failures"][0]["id"], "t-2");
    assert_eq!(json["failures"][0]["reason"], "100000 does not match");
    assert_eq!(json["skips"][0]["id"], "t-3");

    let json = place.json(0, &[&ftw[..], &["--ledger", "@known.toml"]].concat());
    assert_eq!(json["unexplained"], json!([]));
    let said = place.says(1, &[&ftw[..], &["--ledger", "@stale.toml"]].concat());
    assert!(
        said.contains("its entry is stale") && said.contains("t-2"),
        "{said}"
    );
    assert!(
        said.contains("2 passed, 1 failed, 1 skipped, of 4; 66.6 %"),
        "{said}"
    );
}

#[test]
fn payloads_are_counted_by_what_they_are() {
    let gotestwaf = "payload:\n  - select a from b\n  - hello\nencoder:\n  - Plain\nplaceholder:\n  - URLParam\ntype: x\n";
    let place = Place::with(&[
        ("cases/owasp/sql.yml", gotestwaf),
        ("cases/false-pos/texts.yml", gotestwaf),
        ("cases/lines.txt", "# a comment\nselect a from b\nhello\n"),
        ("cases/one.http", ATTACK),
        ("cases/LICENSE", "x"),
    ]);
    let all = ["replay", "@cases", "--rules", "@own.conf"];
    let json = place.json(0, &all);
    assert_eq!(
        (&json["requests"], &json["blocked"], &json["passed"]),
        (&json!(7), &json!(4), &json!(3))
    );
    assert_eq!((&json["attacks"], &json["missed"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&json["benign"], &json["false_positives"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(json["unread"], json!(["cases/LICENSE"]));
    assert_eq!(json["files"].as_array().unwrap().len(), 4);

    let attacks = [
        "replay",
        "@cases/lines.txt",
        "--rules",
        "@own.conf",
        "--attacks",
        "--list",
    ];
    let said = place.says(0, &attacks);
    assert!(
        said.contains("50.0 %") && said.contains("1 of 2 attacks missed"),
        "{said}"
    );
    assert!(said.contains("lines.txt:3"), "{said}");
    let benign = [
        "replay",
        "@cases/lines.txt",
        "--rules",
        "@own.conf",
        "--benign",
        "--place",
        "json",
        "--engine",
        "@engine.conf",
    ];
    place.add(
        "engine.conf",
        "SecRuleEngine On\nSecRequestBodyAccess On\n\
         SecAction \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n",
    );
    let said = place.says(0, &benign);
    assert!(said.contains("1 of 2 false positives"), "{said}");
}

#[test]
fn a_false_positive_becomes_an_exclusion_that_keeps_attacks_out() {
    let place = Place::with(&[
        ("fine.http", HARMLESS),
        ("attack.http", ATTACK),
        ("attacks/lines.txt", "select a from b\n"),
    ]);
    place.says(1, &["test", "@fine.http", "--rules", "@own.conf"]);
    let tune = [
        "tune",
        "--benign",
        "@fine.http",
        "--attacks",
        "@attacks",
        "--rules",
        "@own.conf",
        "--write",
        "@exclusions.conf",
    ];
    // What the exclusion opens is said, and is a finding: the attack passes in `comment` at `/articles`, and nowhere else.
    let json = place.json(1, &tune);
    let proposal = &json["proposals"][0];
    assert_eq!(
        (&proposal["target"], &proposal["path"]),
        (&json!("ARGS:comment"), &json!("/articles"))
    );
    assert_eq!(
        (&proposal["aimed"], &proposal["aimed_newly_passed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(json["attacks"], json!({"requests": 1, "newly_passed": []}));
    assert_eq!(
        json["benign"],
        json!({"requests": 1, "blocked_without": 1, "blocked_with": 0})
    );
    assert_eq!(json["written"][0]["load"], "before");

    let with = |request: &str| {
        place
            .waf(&[
                "test",
                request,
                "--rules",
                "@own.conf",
                "--before",
                "@exclusions.conf",
            ])
            .status
            .code()
    };
    assert_eq!(
        (with("@fine.http"), with("@attack.http")),
        (Some(0), Some(1))
    );

    let said = place.says(2, &tune);
    assert!(
        said.contains("exclusions.conf` is there already") && said.contains("--force"),
        "{said}"
    );
    place.says(1, &[&tune[..], &["--force"]].concat());
    let left = std::fs::read_dir(place.0.path()).unwrap();
    assert!(
        left.into_iter()
            .all(|one| !one.unwrap().file_name().to_str().unwrap().starts_with('.'))
    );
}

#[test]
fn observations_at_many_paths_become_an_update_that_is_read_after() {
    let lines = "{\"rule\":100,\"variable\":\"ARGS:comment\",\"path\":\"/articles\"}\n\
         {\"rule\":100,\"variable\":\"ARGS:comment\",\"path\":\"/notes\",\"count\":2}\n\
         {\"rule\":949110,\"variable\":\"TX:anomaly_score\",\"path\":\"/notes\"}\n";
    let place = Place::with(&[
        ("seen.jsonl", lines),
        ("fine.http", HARMLESS),
        ("attack.http", ATTACK),
    ]);
    let tune = [
        "tune",
        "@seen.jsonl",
        "--rules",
        "@own.conf",
        "--write",
        "@out.conf",
    ];
    let said = place.says(0, &tune);
    assert!(
        said.contains("    SecRuleUpdateTargetById 100 \"!ARGS:comment\""),
        "{said}"
    );
    assert!(said.contains("observed 3; load after the rules"), "{said}");
    assert!(
        said.contains("rule 949110: nothing proposed for TX:anomaly_score"),
        "{said}"
    );
    assert!(!Path::new(&place.path("out.conf")).exists());
    let with = |request: &str| {
        place
            .waf(&[
                "test",
                request,
                "--rules",
                "@own.conf",
                "--after",
                "@out-after.conf",
            ])
            .status
            .code()
    };
    assert_eq!(
        (with("@fine.http"), with("@attack.http")),
        (Some(0), Some(1))
    );
    let only = [
        "tune",
        "@seen.jsonl",
        "--rules",
        "@own.conf",
        "--rule",
        "100",
        "--min",
        "4",
    ];
    assert!(place.says(0, &only).contains("nothing to propose"));
}
