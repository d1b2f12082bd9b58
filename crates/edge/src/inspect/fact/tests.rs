use super::*;

fn finding(rule: u64, variable: &str, value: &str) -> Finding {
    Finding {
        rule,
        phase: 2,
        message: b"it looks bad".to_vec(),
        data: Vec::new(),
        severity: Some(2),
        tags: Vec::new(),
        variable: variable.into(),
        value: value.into(),
        sanitise: false,
    }
}

fn check(variable: &str, value: &str, expected: &str) {
    let fact = of(
        "rule 7 refuses",
        &[finding(7, variable, value)],
        &["pin".to_owned()],
    );
    assert_eq!(fact, format!("rule 7 refuses; 7 {expected}"), "{variable}");
}

#[test]
fn what_may_be_a_secret_is_withheld() {
    check("ARGS:q", "' or 1=1", "ARGS:q `' or 1=1` (it looks bad)");
    check("MATCHED_VARS:ARGS:q", "x", "ARGS:q `x` (it looks bad)");
    check("MATCHED_VARS:ARGS:pin", "x", "ARGS:pin (withheld)");
    for variable in [
        "ARGS:password",
        "ARGS:json.user.Access_Token",
        "ARGS_POST:pin",
        "REQUEST_HEADERS:Authorization",
        "REQUEST_HEADERS:X-Api-Key",
        "REQUEST_COOKIES:theme",
        "MATCHED_VAR",
        "TX:1",
        "RESPONSE_BODY",
        "FULL_REQUEST",
        "",
    ] {
        check(variable, "hunter2", &format!("{variable} (withheld)"));
    }
    check("REQUEST_URI", "/a?Token=x", "REQUEST_URI (withheld)");
    check("REQUEST_BODY", "pin=1", "REQUEST_BODY (withheld)");
    check(
        "REQUEST_URI",
        "/etc/passwd",
        "REQUEST_URI `/etc/passwd` (it looks bad)",
    );
    check("REQUEST_URI", "/../x", "REQUEST_URI `/../x` (it looks bad)");
    check(
        "TX:anomaly_score",
        "15",
        "TX:anomaly_score `15` (it looks bad)",
    );
    check(
        "ARGS_NAMES:password",
        "password",
        "ARGS_NAMES:password `password` (it looks bad)",
    );
    let mut sanitised = finding(7, "ARGS:q", "x");
    sanitised.sanitise = true;
    assert_eq!(of("l", &[sanitised], &[]), "l; 7 ARGS:q (withheld)");
}

#[test]
fn values_are_cut_and_cannot_lead_a_terminal_astray() {
    check(
        "ARGS:q",
        "a\u{1b}[2J\n`",
        "ARGS:q `a\\u{1b}[2J\\n'` (it looks bad)",
    );
    let long = "x".repeat(300);
    check(
        "ARGS:q",
        &long,
        &format!("ARGS:q `{}…` (it looks bad)", "x".repeat(64)),
    );
}

#[test]
fn the_gravest_come_first_and_the_others_by_rule() {
    let mut findings: Vec<Finding> = (1..=5).map(|rule| finding(rule, "ARGS:a", "v")).collect();
    findings[0].severity = None;
    findings[4].severity = Some(0);
    let fact = of("rule 9 refuses", &findings, &[]);
    assert_eq!(
        fact,
        "rule 9 refuses; 5 ARGS:a `v` (it looks bad); 2 ARGS:a `v` (it looks bad); also 3, 4, 1"
    );
}
