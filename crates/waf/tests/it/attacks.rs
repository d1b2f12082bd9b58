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
