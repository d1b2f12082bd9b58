use super::*;
use crate::{Mode, RuleSet, Strategy};

fn observation(rule: u64, variable: &str, path: &str) -> Observation {
    Observation {
        rule,
        variable: variable.to_owned(),
        path: path.to_owned(),
        count: 1,
    }
}

/// The texts proposed for observations of rule 7, all of which must be read without a mistake.
#[track_caller]
fn check(observed: &[(&str, &str)], expected: &[&str]) {
    let observations: Vec<Observation> = observed
        .iter()
        .map(|(variable, path)| observation(7, variable, path))
        .collect();
    let tuning = propose(&observations, 100);
    let texts: Vec<&str> = tuning
        .proposals
        .iter()
        .map(|one| one.text.trim_end())
        .collect();
    assert_eq!(texts, expected);
    for proposal in &tuning.proposals {
        proposal.check().unwrap();
    }
}

const AT: &str =
    "SecRule REQUEST_FILENAME \"@streq /a\" \\\n    \"id:100,phase:1,pass,nolog,t:none,ctl:";

#[test]
fn the_narrowest_exclusion_is_proposed() {
    let at = |ctl: &str| format!("{AT}{ctl}\"");
    check(
        &[("ARGS:q", "/a"), ("ARGS:q", "/a")],
        &[&at("ruleRemoveTargetById=7;ARGS:q")],
    );
    check(
        &[("ARGS:q", "/a"), ("ARGS:q", "/b")],
        &["SecRuleUpdateTargetById 7 \"!ARGS:q\""],
    );
    check(
        &[("ARGS:q", "")],
        &["SecRuleUpdateTargetById 7 \"!ARGS:q\""],
    );
    check(
        &[("REQUEST_BODY", "/a")],
        &[&at("ruleRemoveTargetById=7;REQUEST_BODY")],
    );
    check(&[("XML", "/a")], &[&at("ruleRemoveTargetById=7;XML:/*")]);
    check(
        &[("MATCHED_VARS:ARGS:q", "/a")],
        &[&at("ruleRemoveTargetById=7;ARGS:q")],
    );
    check(&[("", "/a")], &[&at("ruleRemoveById=7")]);
    check(&[("", "/a"), ("", "/b")], &["SecRuleRemoveById 7"]);
    check(
        &[
            ("ARGS:json.items.array_0.text", "/a"),
            ("ARGS:json.items.array_12.text", "/a"),
        ],
        &[&at(
            "ruleRemoveTargetById=7;ARGS:/^json\\.items\\.array_[0-9]+\\.text$/",
        )],
    );
    check(
        &[("ARGS:q", "/accounts/{id}/notes")],
        &[
            "SecRule REQUEST_FILENAME \"@rx ^/accounts/[^/]+/notes$\" \\\n    \
           \"id:100,phase:1,pass,nolog,t:none,ctl:ruleRemoveTargetById=7;ARGS:q\"",
        ],
    );
}

#[test]
fn no_name_becomes_a_directive() {
    check(
        &[("ARGS:a,b|c\"\nSecRuleEngine Off #%{x}'", "/a\"\n%{b}")],
        &[
            "SecRule REQUEST_FILENAME \"@rx ^/a\\x22\\x0a\\x25\\x7bb\\x7d$\" \\\n    \
           \"id:100,phase:1,pass,nolog,t:none,ctl:ruleRemoveTargetById=7;\
           ARGS:/^a\\x2cb\\x7cc\\x22\\x0aSecRuleEngine\\x20Off\\x20\\x23\\x25\\x7bx\\x7d\\x27$/\"",
        ],
    );
    let proposals = propose(&[observation(7, "ARGS:\n#", "/\nx")], 1).proposals;
    let file = written(&proposals, Placement::Before);
    assert!(
        !file.contains("\n#\n") && file.lines().count() == 5,
        "{file}"
    );
}

#[test]
fn scores_and_cut_names_are_declined() {
    let tuning = propose(
        &[
            observation(949_110, "TX:ANOMALY_SCORE", "/a"),
            observation(1, "IP:count", "/a"),
            observation(2, "ARGS:long…", "/a"),
            observation(3, "ARGS:\u{fffd}", "/a"),
        ],
        1,
    );
    assert_eq!(tuning.proposals, []);
    assert_eq!(tuning.declined.len(), 4);
}

#[test]
fn lines_are_read() {
    let read = |line: &str| observed(line.as_bytes());
    let one = |rule, variable, path, count| Observation {
        count,
        ..observation(rule, variable, path)
    };
    assert_eq!(
        read(r#"{"rule":7,"variable":"ARGS:q","path":"/a"}"#),
        Ok(vec![one(7, "ARGS:q", "/a", 1)])
    );
    assert_eq!(read(r#"{"rule":7,"count":3}"#), Ok(vec![one(7, "", "", 3)]));
    assert_eq!(read("{"), Err("it is not JSON"));
    assert_eq!(read("{}"), Err("it is neither an observation nor an event"));
    assert_eq!(
        read(r#"{"rule":"7"}"#),
        Err("`rule` is not the number of a rule")
    );
    assert_eq!(
        read(r#"{"seq":1,"prev":"","segment":{},"hash":""}"#),
        Ok(Vec::new())
    );
    let event = serde_json::json!({"seq": 2, "event": {
        "route": "/a/{id}",
        "controls": [
            {"name": "edge.route", "findings": [{"rule": 1, "variable": "ARGS:a"}]},
            {"name": "edge.inspect", "fact": "no rule refuses", "findings": [{"rule": 942_100, "variable": "ARGS:q"}]},
            {"name": "edge.inspect", "fact": "rule 949110 refuses", "findings": [
                {"rule": 3, "variable": "ARGS:password"},
                {"rule": 4, "variable": r"ARGS:a\\b\u{1b}\u{110000}\", "value": "x"},
                {"rule": 5},
            ]},
            {"name": "edge.inspect", "fact": "no rule refuses"},
        ],
    }});
    assert_eq!(
        read(&event.to_string()),
        Ok(vec![
            one(942_100, "ARGS:q", "/a/{id}", 1),
            one(3, "ARGS:password", "/a/{id}", 1),
            one(4, "ARGS:a\\b\u{1b}\\u{110000}\\", "/a/{id}", 1),
            one(5, "", "/a/{id}", 1),
        ])
    );
    assert_eq!(
        read(r#"{"controls": [{"name": "edge.inspect", "findings": [{"variable": "ARGS:a"}]}]}"#),
        Err("a finding has no `rule`")
    );
}

fn runner(text: &str) -> Runner {
    let text = format!("SecRuleEngine On\nSecRequestBodyAccess On\n{text}");
    let source = Source {
        name: "test",
        text: text.as_bytes(),
    };
    let rules = std::sync::Arc::new(RuleSet::load(&[source], &NoFiles).unwrap());
    Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed)
}

const RULE: &str = "SecRule ARGS \"@contains select\" \"id:7,phase:2,deny,log\"\n";

fn get(target: &str) -> Request {
    Request::from_wire(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
}

#[test]
fn an_exclusion_lets_the_harmless_pass_and_nothing_elsewhere() {
    let harmless = get("/articles?comment=please+select&x=1");
    let mut without = runner(RULE).traced();
    let report = without.transact(&harmless, None);
    let observations = observed_in(&report, &harmless.target);
    assert_eq!(observations, [observation(7, "ARGS:comment", "/articles")]);
    let proposals = propose(&observations, 100).proposals;
    let before = written(&proposals, Placement::Before);
    let mut with = runner(&format!("{before}{RULE}"));
    let attacks = [
        get("/articles?q=select"),
        get("/other?comment=select"),
        get("/articles?comment=select"),
    ];
    assert_eq!(newly_passed(&mut without, &mut with, &attacks), [2]);

    let aimed: Vec<Request> = aimed(&get("/search?q=union+select%20a"), &proposals[0]);
    assert_eq!(aimed.len(), 1);
    assert_eq!(aimed[0].target, b"/articles?comment=union+select+a");
    assert_eq!(newly_passed(&mut without, &mut with, &aimed), [0]);
}

#[test]
fn payloads_are_put_where_the_exclusion_looks_away() {
    let check = |variable: &str, path: &str, method: &str, target: &str, body: &str| {
        let proposal = &propose(&[observation(7, variable, path)], 1).proposals[0];
        let request = &aimed(&get("/search?q=a%26b"), proposal)[0];
        assert_eq!(request.method, method.as_bytes());
        assert_eq!(request.target, target.as_bytes());
        assert_eq!(request.body, body.as_bytes());
    };
    check("ARGS:c", "/a/{id}", "GET", "/a/1?c=a%26b", "");
    check("ARGS_POST:c", "/a", "POST", "/a", "c=a%26b");
    check("MATCHED_VARS:ARGS_POST:c", "/a", "POST", "/a", "c=a%26b");
    check(
        "ARGS:json.a.array_0.b",
        "/a",
        "POST",
        "/a",
        r#"{"a":[{"b":"a&b"}]}"#,
    );
    let proposal = &propose(&[observation(7, "REQUEST_BODY", "/a")], 1).proposals[0];
    assert_eq!(aimed(&get("/search?q=a"), proposal), []);
}

#[test]
fn a_trace_says_what_happened() {
    let text = "SecDefaultAction \"phase:2,log,deny,status:418\"\n\
        SecAction \"id:1,phase:1,pass,nolog,setvar:tx.anomaly_score_pl1=2\"\n\
        SecRule ARGS \"@rx sel(ect)\" \"id:7,phase:2,block,capture,t:lowercase,severity:2,msg:'m %{TX.1}',\
        setvar:tx.anomaly_score_pl1=+5\"\n";
    let report = runner(text).traced().transact(&get("/?a=xSELECTy"), None);
    let [first, second] = report.trace.as_slice() else {
        panic!("{:?}", report.trace)
    };
    assert_eq!((first.rule, first.logged, first.action), (1, false, "pass"));
    assert_eq!(first.scores, [Some(2), None]);
    assert_eq!(
        (second.action, second.resolved, second.status),
        ("block", "deny", Some(418))
    );
    assert_eq!(second.scores, [Some(7), None]);
    assert_eq!(second.message, b"m ect");
    assert_eq!(second.part.as_deref(), Some(b"select".as_slice()));
    assert_eq!(second.values[0].variable, b"ARGS:a");
    assert_eq!((second.line, second.withheld), (5, false));
    let silent = runner(text).transact(&get("/?a=xSELECTy"), None);
    assert_eq!(silent.trace, []);
}

#[test]
fn a_finding_says_its_parts_and_whether_its_message_quotes() {
    let check = |rule: &str, parts: &[&str], quotes: bool| {
        let report = runner(rule).transact(&get("/?a=select&b=select&c=1"), None);
        let finding = report.findings.last().unwrap();
        let found: Vec<_> = finding.parts().iter().map(|one| &one.variable).collect();
        let parts: Vec<Vec<u8>> = parts.iter().map(|one| one.as_bytes().to_vec()).collect();
        assert_eq!(found, parts.iter().collect::<Vec<_>>(), "{rule}");
        assert_eq!(finding.quotes, quotes, "{rule}");
    };
    let one =
        |msg: &str| format!("SecRule ARGS \"@contains select\" \"id:1,phase:2,pass,log,{msg}\"\n");
    let both = ["ARGS:a", "ARGS:b"];
    check(&one("tag:x"), &both, false);
    check(&one("msg:'plain'"), &both, false);
    check(
        &one("msg:'score %{TX.Anomaly_Score}, %{tx.sql_score}'"),
        &both,
        false,
    );
    check(&one("msg:'%{MATCHED_VAR}'"), &both, true);
    check(&one("msg:'a %{TX.1} b'"), &both, true);
    check(&one("msg:'%{ARGS.c}'"), &both, true);
    let chain = "SecRule ARGS:a \"@contains select\" \"id:1,phase:2,pass,log,chain,setvar:tx.seen=1\"\n\
        SecRule MATCHED_VARS \"@contains s\" \"chain\"\nSecRule TX:seen \"@eq 1\" \"t:none\"\n";
    check(chain, &["ARGS:a"], false);
    check(
        "SecRule &ARGS \"@gt 2\" \"id:1,phase:2,pass,log\"\n",
        &["ARGS"],
        false,
    );
    check("SecAction \"id:1,phase:2,pass,log\"\n", &[], false);
}

#[test]
fn a_finding_is_bounded() {
    let check = |count: usize, length: usize, values: usize, bytes: usize| {
        let query: Vec<String> = (0..count)
            .map(|nth| format!("a{nth}={}", "x".repeat(length)))
            .collect();
        let rule = "SecRule ARGS \"@contains x\" \"id:1,phase:2,pass,log,msg:'%{REQUEST_URI}%{REQUEST_URI}'\"\n";
        let report = runner(rule).transact(&get(&format!("/?{}", query.join("&"))), None);
        let finding = report.findings.first().unwrap();
        assert_eq!(finding.matched.len(), values);
        assert!(finding.matched.iter().all(|one| one.value.len() == bytes));
        assert_eq!(finding.value.len(), bytes);
        assert_eq!(finding.message.len(), 4096);
    };
    check(16, 256, 16, 256);
    check(17, 257, 16, 256);
}
