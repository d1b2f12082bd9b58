//! The rules of a plan: `vauban waf test -c` for one request, `vauban waf tune` for what a running edge has recorded.

use serde_json::{Value, json};

use crate::house::{House, bearer, text, vauban};
use crate::mistakes::bank;

/// Two routes of the bank that are inspected otherwise than the plan says, beside those that are not.
const ROUTES: &[(&str, &str, &str)] = &[
    (
        "vauban.yaml",
        "  - path: \"/api/v1/user/profile/{id}\"\n",
        "  - path: \"/api/v1/user/profile/{id}\"\n    waf: { mode: monitor, exclusions: { after: [after.conf] } }\n",
    ),
    (
        "vauban.yaml",
        "  - path: \"/accounts/{id}/statements\"\n",
        "  - path: \"/accounts/{id}/statements\"\n    waf: { danger_off: \"a test\" }\n",
    ),
];

const SQL: &str = "x=1%27+or+1%3D1+--+";

struct Planned {
    folder: tempfile::TempDir,
    plan: String,
}

impl Planned {
    fn new() -> Self {
        let planned = Self::with(ROUTES);
        planned.add("after.conf", "SecRuleRemoveByTag attack-sqli\n");
        planned
    }

    fn with(edits: &[(&str, &str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = bank(folder.path(), edits);
        Self { folder, plan }
    }

    fn add(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// What is said of this request, with this exit code.
    #[track_caller]
    fn says(&self, code: i32, wire: &str, further: &[&str]) -> String {
        self.add("one.http", wire);
        let file = self.folder.path().join("one.http");
        let own = ["waf", "test", file.to_str().unwrap(), "-c", &self.plan];
        let output = vauban(&[&own[..], further].concat());
        let said = text(&output);
        assert_eq!(output.status.code(), Some(code), "{wire}: {said}");
        said
    }

    #[track_caller]
    fn check(&self, code: i32, line: &str, words: &[&str]) {
        let said = self.says(code, &format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n"), &[]);
        for words in words {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
    }
}

#[test]
fn a_request_is_judged_by_the_rules_of_its_route() {
    let planned = Planned::new();
    planned.check(
        1,
        &format!("GET /accounts?{SQL}"),
        &[
            "route      /accounts\n",
            "operation  listAccounts of accounts\n",
            "rules      baseline\n",
            "mode       block\n",
            "  phase 2  8000100 ",
            "verdict  blocked: rule 8000100 asks to deny with 403",
        ],
    );
    let profile = |query: &str| format!("GET /api/v1/user/profile/7?{query}");
    planned.check(
        0,
        &profile(SQL),
        &[
            "route      /api/v1/user/profile/{id}\n",
            "mode       monitor\n",
            "after      after.conf\n",
            "no rule fires",
        ],
    );
    planned.check(
        1,
        &profile("x=%3Cscript%3Ealert(1)%3C/script%3E"),
        &[
            "verdict  would be blocked: rule ",
            "the engine only detects",
        ],
    );
    let wire = format!("GET /accounts?{SQL} HTTP/1.1\r\nHost: x\r\n\r\n");
    let said = planned.says(1, &wire, &["--format", "json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["verdict"], "blocked");
    assert_eq!(said["whole"], json!(true));
    assert_eq!(
        (&said["plan"]["route"], &said["plan"]["mode"]),
        (&json!("/accounts"), &json!("block"))
    );
}

#[test]
fn what_rules_ask_for_in_vain_is_told_with_its_place() {
    let planned = Planned::with(&[(
        "vauban.yaml",
        "  rules: [baseline]\n",
        "  rules: [own.conf]\n",
    )]);
    planned.add(
        "own.conf",
        "SecRequestBodyAccess On\nSecAuditLog /x\nSecRule REMOTE_ADDR \"@geoLookup\" \"id:1,phase:1,deny\"\n",
    );
    let own = planned.folder.path().join("own.conf");
    let notes = [
        format!(
            "note: {}:2: `SecAuditLog /x` has no effect: ",
            own.display()
        ),
        format!("note: {}:3: `@geoLookup` has no effect: ", own.display()),
    ];
    let checked = text(&vauban(&["check", "-c", &planned.plan]));
    let tested = planned.says(0, "GET /accounts HTTP/1.1\r\nHost: x\r\n\r\n", &[]);
    for said in [checked, tested] {
        for note in &notes {
            assert_eq!(said.matches(note).count(), 1, "`{note}` in:\n{said}");
        }
    }
}

/// The edge refuses it although no rule does: what lies behind a limit must not be a way in.
#[test]
fn a_request_that_the_rules_saw_in_part_does_not_pass() {
    let planned = Planned::with(&[(
        "vauban.yaml",
        "  rules: [baseline]\n",
        "  rules: [own.conf]\n",
    )]);
    planned.add(
        "own.conf",
        "SecRequestBodyAccess On\nSecRequestBodyLimit 8\nSecRequestBodyLimitAction ProcessPartial\n",
    );
    for (body, code, words) in [
        (
            "12345678",
            0,
            &["rules      own.conf", "verdict  passes"][..],
        ),
        (
            "123456789",
            1,
            &[
                "the rules saw only a part of it",
                "verdict  not inspected, which the edge refuses",
            ],
        ),
    ] {
        let length = body.len();
        let head =
            format!("POST /transfers HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        let said = planned.says(code, &format!("{head}{body}"), &[]);
        for words in words {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
    }
}

#[test]
fn what_reaches_no_rule_says_why() {
    let planned = Planned::new();
    for (line, words) in [
        ("GET /nothing", &["404 `route.unknown`"][..]),
        (
            "DELETE /accounts",
            &["405 `method.refused`", "hint: the plan offers GET"],
        ),
        ("GET /accounts/%2e%2e/x", &["400 `http.path_dot_segment`"]),
        (
            "GET /accounts/1/statements",
            &["route `/accounts/{id}/statements` is not inspected: `danger_off` says `a test`"],
        ),
    ] {
        planned.check(2, line, words);
    }
    planned.add("after.conf", "\nSecRool On\n");
    let place = planned.folder.path().join("after.conf");
    // Of any route: the edge would not start.
    planned.check(
        2,
        "GET /accounts",
        &[&format!(
            "{}:2: unknown directive `SecRool`",
            place.display()
        )],
    );
}

/// The edge says in a refusal's record what `explain` shows and `tune` reads: every part of the request that a rule matched.
#[test]
fn what_a_running_edge_refused_can_be_tuned() {
    let house = House::shared();
    let answer = house.curl(
        "GET",
        &format!("/accounts?tuned_{SQL}&tuned_y=1%27+or+1%3D1+--+&tuned_pwd=1%27+or+1%3D1+--+"),
        &[&bearer(&house.token("alice"))],
        None,
    );
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "waf.refused")
    );
    let said = text(&house.vauban(&["explain", answer.decision()]));
    for words in [
        "refused  edge.inspect             rule 8000100 refuses\n",
        "  8000100  ARGS:tuned_y `1' or 1=1 -- ` SQL injection",
        "  8000100  ARGS:tuned_pwd (withheld) SQL injection",
        "  8000100  ARGS:tuned_x `1' or 1=1 -- ` SQL injection",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    let log = house.state.join("audit/edge");
    let tune = [
        "waf",
        "tune",
        log.to_str().unwrap(),
        "--baseline",
        "--rule",
        "8000100",
    ];
    let said = text(&vauban(&tune));
    for part in [
        "ARGS:tuned_y at /accounts",
        "ARGS:tuned_pwd at /accounts",
        "ARGS:tuned_x at /accounts",
    ] {
        assert!(
            said.contains(&format!("rule 8000100: {part} ")),
            "no `{part}` in:\n{said}"
        );
    }
}
