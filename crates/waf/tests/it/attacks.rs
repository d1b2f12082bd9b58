//! Ways around the rules, and ways to make them dear, that a review found: each is closed.

use std::sync::Arc;

use vauban_waf::regression::{Request, Runner};
use vauban_waf::{BASELINE, Mode, Report, RuleSet, Source, Strategy};

use crate::seclang::Disk;

fn load(text: &str) -> Arc<RuleSet> {
    let text = format!("SecRuleEngine On\nSecRequestBodyAccess On\n{text}");
    let source = Source {
        name: "/rules.conf",
        text: text.as_bytes(),
    };
    match RuleSet::load(&[source], &Disk) {
        Ok(rules) => Arc::new(rules),
        Err(mistakes) => panic!("{mistakes:?}"),
    }
}

fn get(target: &str) -> Request {
    let wire = format!(
        "GET {target} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: probe/1\r\nAccept: */*\r\n\r\n"
    );
    Request::from_wire(wire.as_bytes())
}

fn post(kind: &str, body: &str) -> Request {
    let length = body.len();
    let wire = format!(
        "POST /p HTTP/1.1\r\nHost: a.example\r\nUser-Agent: probe/1\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    Request::from_wire(wire.as_bytes())
}

/// Runs both ways, which must say the same.
fn run(rules: &Arc<RuleSet>, request: &Request) -> Report {
    let [fast, slow] = [Strategy::Indexed, Strategy::Exhaustive]
        .map(|strategy| Runner::new(rules, Mode::Block, strategy).transact(request, None));
    assert_eq!(fast, slow);
    fast
}

#[test]
fn an_encoded_question_mark_hides_nothing_of_the_path() {
    let rules = load(BASELINE);
    for attack in [
        "%27%20union%20select%20password%20from%20users--%20",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "$%7Bjndi:ldap://evil.example%7D",
    ] {
        for before in ["", "x%3F", "x%3f", "x%253F"] {
            let report = run(&rules, &get(&format!("/users/{before}{attack}")));
            assert!(report.intervention.is_some(), "{before}{attack}");
        }
    }
    assert_eq!(run(&rules, &get("/users/who%3F")).intervention, None);
}

#[test]
fn every_type_that_is_json_is_read_as_json() {
    let rules = load(BASELINE);
    let body = r#"{"q":"\u0027 \u0075nion \u0073elect password from users-- "}"#;
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.acme_v2+json",
        "application/a+b+json",
        "application/vnd.acme&x+json",
        "text/x+json",
    ] {
        assert!(
            run(&rules, &post(kind, body)).intervention.is_some(),
            "{kind}"
        );
        let broken = run(&rules, &post(kind, r#"{"q":"#));
        assert!(broken.intervention.is_some(), "{kind}: not JSON");
        assert_eq!(
            run(&rules, &post(kind, r#"{"q":"tea"}"#)).intervention,
            None,
            "{kind}"
        );
    }
}

#[test]
fn names_that_repeat_a_long_key_are_bounded_by_the_body() {
    let rules = load(BASELINE);
    let long = "A".repeat(17_000);
    let leaves = vec!["1"; 900].join(",");
    let report = run(
        &rules,
        &post("application/json", &format!(r#"{{"{long}":[{leaves}]}}"#)),
    );
    assert!(report.intervention.is_some(), "{report:?}");
    // What honest bodies have: short keys over many values.
    let honest = format!(r#"{{"measurements_of_the_day":{{"values":[{leaves}]}}}}"#);
    assert_eq!(
        run(&rules, &post("application/json", &honest)).intervention,
        None
    );
}

/// A text on which the pattern below takes a million steps without an answer.
fn costly() -> String {
    (0..3000_u32)
        .map(|index| char::from(b'a' + u8::try_from((index % 7) * (index % 5) % 26).unwrap()))
        .chain("b!".chars())
        .collect()
}

const COSTLY: &str = r"(\w+?)(\w+?)(\w+?)\1\2\3!";

#[test]
fn a_transaction_has_one_allowance_for_all_of_its_searches() {
    let rules = load(&format!(
        "SecArgumentsLimit 1000\nSecRule ARGS \"@rx {COSTLY}\" \"id:1,phase:2,log,pass\"\n\
         SecRule ARGS \"@rx (x)\\1\" \"id:2,phase:2,log,pass\""
    ));
    let value = costly();
    let many: Vec<String> = (0..40).map(|index| format!("a{index}={value}")).collect();
    let form = "application/x-www-form-urlencoded";
    let report = run(&rules, &post(form, &format!("{}&z=xx", many.join("&"))));
    // Ten searches used it up; the next rule has nothing left and says so.
    assert_eq!(report.exhausted, [1, 2]);
    let few = run(
        &rules,
        &post(form, &format!("{}&z=xx", many[..2].join("&"))),
    );
    assert_eq!(few.exhausted, [1]);
    assert!(few.findings.iter().any(|finding| finding.rule == 2));
}

#[test]
fn a_search_without_an_answer_is_reported_wherever_it_stands() {
    let form = "application/x-www-form-urlencoded";
    let request = post(form, &format!("x={}", costly()));
    for rule in [
        format!("SecRule ARGS \"@rx {COSTLY}\" \"id:1,phase:2,log,deny\""),
        format!("SecRule ARGS \"@verifyCC {COSTLY}\" \"id:1,phase:2,log,deny\""),
        "SecRule ARGS \"@rx %{ARGS_NAMES}(\" \"id:1,phase:2,log,deny\"".to_owned(),
    ] {
        assert_eq!(run(&load(&rule), &request).exhausted, [1], "{rule}");
    }
}

#[test]
fn a_selector_without_an_answer_selects_and_an_exclusion_without_one_excludes_nothing() {
    let form = "application/x-www-form-urlencoded";
    let request = post(form, &format!("x{}=evil", costly()));
    for target in [format!("ARGS:/{COSTLY}/"), format!("ARGS|!ARGS:/{COSTLY}/")] {
        let rules = load(&format!(
            "SecRule {target} \"@contains evil\" \"id:1,phase:2,log,deny\""
        ));
        assert!(run(&rules, &request).intervention.is_some(), "{target}");
    }
}

#[test]
fn what_one_request_used_up_is_not_the_next_one_s() {
    let rules = load(&format!(
        "SecRule ARGS:/{COSTLY}/ \"@contains evil\" \"id:1,phase:2,log,pass\"\n\
         SecRule REQUEST_HEADERS:Accept \"@rx zz\" \"id:7,phase:1,log,pass\""
    ));
    let mut runner = Runner::new(&rules, Mode::Block, Strategy::Indexed);
    let form = "application/x-www-form-urlencoded";
    runner.transact(&post(form, &format!("x{}=1", costly())), None);
    assert!(runner.transact(&get("/"), None).exhausted.is_empty());
}

#[test]
fn a_rule_sees_the_processor_that_a_rule_before_it_chose() {
    let rules = load(
        "SecRule REQUEST_HEADERS \"@contains probe\" \"id:1,phase:1,log,pass\"\n\
         SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:2,phase:1,log,pass,ctl:requestBodyProcessor=JSON\"\n\
         SecRule REQBODY_PROCESSOR \"@streq JSON\" \"id:3,phase:1,log,deny\"",
    );
    let report = run(&rules, &post("application/json", "{}"));
    assert_eq!(report.intervention.unwrap().rule, 3);
}

/// Everything in the findings and the trace, as a reader of a record sees it.
fn written(rules: &Arc<RuleSet>, request: &Request) -> String {
    let mut runner = Runner::new(rules, Mode::Block, Strategy::Indexed);
    let report = runner.transact(request, None);
    let parts = report.findings.iter().flat_map(|finding| {
        let values = finding.matched.iter();
        let values = values.flat_map(|one| [one.variable.as_slice(), b"=", one.value.as_slice()]);
        let texts: [&[u8]; 4] = [
            &finding.message,
            &finding.data,
            &finding.variable,
            &finding.value,
        ];
        let tags = finding.tags.iter().map(Vec::as_slice);
        texts.into_iter().chain(values).chain(tags)
    });
    String::from_utf8_lossy(&parts.collect::<Vec<_>>().join(&b' ')).into_owned()
}

#[test]
fn what_one_rule_sanitises_is_in_no_finding_of_any_rule() {
    const CARD: &str = "4929123412341234";
    let form = "application/x-www-form-urlencoded";
    let requests = [
        get(&format!("/p?card={CARD}&other=tea")),
        post(form, &format!("card={CARD}&other=tea")),
        post(
            "application/json",
            &format!(r#"{{"a":{{"card":"{CARD}"}},"other":"tea"}}"#),
        ),
    ];
    let finding = format!(
        "SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:10,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON\"\n\
         SecRule ARGS \"@contains {CARD}\" \"id:2,phase:2,log,pass,capture,msg:'saw %{{MATCHED_VAR}}',tag:'t/%{{MATCHED_VAR}}',setvar:'tx.kept=%{{MATCHED_VAR}}',setvar:'tx.%{{MATCHED_VAR}}=1'\"\n\
         SecRule REQUEST_URI|REQUEST_BODY|QUERY_STRING \"@contains {CARD}\" \"id:3,phase:2,log,pass,logdata:'%{{MATCHED_VAR}}'\"\n\
         SecRule TX \"@rx ^(?:4929|1$)\" \"id:4,phase:2,log,pass\"\n\
         SecRule ARGS \"@streq tea\" \"id:5,phase:2,log,pass,logdata:'%{{ARGS.card}}'\""
    );
    for request in &requests {
        let open = written(&load(&finding), request);
        assert!(open.contains(CARD), "{open}");
        for sanitise in [
            "SecAction \"id:1,phase:1,nolog,pass,sanitiseArg:card\"",
            "SecAction \"id:1,phase:5,nolog,pass,sanitiseArg:Card\"",
            "SecRule ARGS \"@rx ^4929\" \"id:1,phase:2,nolog,pass,sanitiseMatched\"",
        ] {
            for text in [
                format!("{sanitise}\n{finding}"),
                format!("{finding}\n{sanitise}"),
            ] {
                let told = written(&load(&text), request);
                assert!(!told.contains(CARD), "{text}\n{told}");
                // What it does not name is told.
                assert!(told.contains("=tea") || told.contains("= tea"), "{told}");
            }
        }
    }
}

#[test]
fn sanitised_headers_are_in_no_finding() {
    let finding = "SecRule REQUEST_HEADERS \"@contains probe\" \"id:2,phase:1,log,pass,logdata:'%{MATCHED_VAR}'\"";
    let open = written(&load(finding), &get("/"));
    assert!(open.contains("probe"));
    for action in [
        "sanitiseRequestHeader:user-agent",
        "sanitizeRequestHeader:User-Agent",
    ] {
        let text = format!("{finding}\nSecAction \"id:1,phase:2,nolog,pass,{action}\"");
        let told = written(&load(&text), &get("/"));
        assert!(!told.contains("probe"), "{told}");
    }
}

/// The mistakes of a text, one in a line.
fn mistakes(text: &str) -> String {
    let source = Source {
        name: "/rules.conf",
        text: text.as_bytes(),
    };
    let mistakes = RuleSet::load(&[source], &Disk).unwrap_err();
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn an_update_of_what_is_not_there_is_a_mistake_and_a_removal_is_listed() {
    let rules = "SecRule ARGS \"@rx a\" \"id:1,phase:2,deny,chain\"\nSecRule ARGS \"@rx b\"\n";
    for (update, said) in [
        (
            "SecRuleUpdateActionById 777 \"deny\"",
            "no rule above has the id `777`",
        ),
        (
            "SecRuleUpdateActionById 1:7 \"nolog\"",
            "the rule `1` has 1 chained rules, not 7",
        ),
        (
            "SecRuleUpdateTargetById 777 \"!ARGS:a\"",
            "no rule above has the id `777`",
        ),
    ] {
        let text = mistakes(&format!("{rules}{update}"));
        assert!(text.contains(said) && text.contains(":3"), "{text}");
    }
    let rules = load(&format!(
        "{rules}SecRuleRemoveById 777 800-900\nSecRuleRemoveByTag attack-none\nSecRuleUpdateTargetByTag none !ARGS:a"
    ));
    let left: Vec<&str> = rules
        .left_to_caller()
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    assert_eq!(
        left,
        [
            "SecRuleRemoveById 777",
            "SecRuleRemoveByTag attack-none",
            "SecRuleUpdateTargetByTag none",
        ]
    );
}

#[test]
fn what_skips_rules_of_one_phase_skips_none_of_the_next() {
    let rules = load(
        "SecAction \"id:1,phase:1,nolog,pass,skip:3\"\n\
         SecRule ARGS \"@contains evil\" \"id:2,phase:2,log,deny\"",
    );
    assert!(run(&rules, &get("/?a=evil")).intervention.is_some());
}

#[test]
fn a_key_over_nothing_is_seen() {
    let rules = load(BASELINE);
    for body in [
        r#"{"a":{"<script>alert(1)</script>":[]}}"#,
        r#"{"' union select password from users-- ":{}}"#,
    ] {
        assert!(
            run(&rules, &post("application/json", body))
                .intervention
                .is_some(),
            "{body}"
        );
    }
    for body in ["{}", "[]", r#"{"items":[],"page":{}}"#] {
        assert_eq!(
            run(&rules, &post("application/json", body)).intervention,
            None,
            "{body}"
        );
    }
}

const READS_XML: &str = "SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" \"id:90,phase:1,nolog,pass,ctl:requestBodyProcessor=XML\"\n";

#[test]
fn an_exclusion_of_xml_text_leaves_the_attributes_and_the_other_way_round() {
    let request = |body: &str| post("text/xml", body);
    let (text, attribute) = (
        request("<a b='tea'>evil</a>"),
        request("<a b='evil'>tea</a>"),
    );
    for (excluded, seen, unseen) in [
        ("XML:/*", &attribute, &text),
        ("XML://@*", &text, &attribute),
    ] {
        let rule = "SecRule XML:/*|XML://@* \"@contains evil\" \"id:1,phase:2,log,deny\"";
        let by_update = format!("{READS_XML}{rule}\nSecRuleUpdateTargetById 1 \"!{excluded}\"");
        let by_ctl = format!(
            "{READS_XML}SecAction \"id:2,phase:1,nolog,pass,ctl:ruleRemoveTargetById=1;{excluded}\"\n{rule}"
        );
        for text in [by_update, by_ctl] {
            let rules = load(&text);
            assert!(run(&rules, seen).intervention.is_some(), "{text}");
            assert_eq!(run(&rules, unseen).intervention, None, "{text}");
        }
    }
}

#[test]
fn one_xml_element_shields_no_other() {
    let rules = load(&format!(
        "SecArgumentsLimit 4\n{READS_XML}SecRule XML:/* \"@rx ^(?:1' or|tea and cake)\" \"id:1,phase:2,log,deny\""
    ));
    let denied = |body: &str| run(&rules, &post("text/xml", body)).intervention.is_some();
    assert!(denied("<a><x>it's nice</x><b>1' or '1'='1</b></a>"));
    assert!(denied("<a>x<b>1<![CDATA[' o]]>r</b></a>"));
    // Joined, as before.
    assert!(denied("<a><x>tea </x><b>and cake</b></a>"));
    assert!(!denied("<a> <x>it's</x> <b>nice</b> </a>"));
    // Beyond the limit of arguments a body counts as not seen.
    let many = |count: usize| post("text/xml", &format!("<a>{}</a>", "<b>x</b>".repeat(count)));
    let rules = load(&format!(
        "SecArgumentsLimit 4\n{READS_XML}SecRule REQBODY_ERROR \"@eq 1\" \"id:1,phase:2,log,deny\""
    ));
    assert_eq!(run(&rules, &many(4)).intervention, None);
    assert!(run(&rules, &many(5)).intervention.is_some());
}
