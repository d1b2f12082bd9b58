use vauban_waf::TracedValue;

use super::*;

mod secrets;

fn finding(rule: u64, severity: Option<u8>, matched: &[(&str, &str)]) -> Finding {
    let matched: Vec<TracedValue> = matched
        .iter()
        .map(|(variable, value)| TracedValue {
            variable: (*variable).into(),
            value: (*value).into(),
        })
        .collect();
    Finding {
        rule,
        phase: 2,
        message: b"it looks bad".to_vec(),
        data: Vec::new(),
        severity,
        tags: Vec::new(),
        variable: Vec::new(),
        value: Vec::new(),
        matched,
        quotes: false,
        sanitise: false,
    }
}

fn told(findings: &[Finding]) -> Found {
    let redaction = Redaction::new(&[], "/ /");
    of("a fact".to_owned(), findings, redaction)
}

/// What is told of one part: its variable, value and message.
#[track_caller]
fn check(finding: Finding, variable: &str, value: Option<&str>, message: Option<&str>) {
    let found = told(&[finding]);
    let [one] = found.findings.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(one.variable, variable);
    assert_eq!(
        (one.value.as_deref(), one.message.as_deref()),
        (value, message)
    );
    assert_eq!((found.fact.as_ref(), found.more), ("a fact", 0));
}

#[test]
fn values_that_may_be_secrets_and_messages_that_may_quote_are_left_out() {
    let said = Some("it looks bad");
    let one = |variable: &str, value: &str| finding(7, None, &[(variable, value)]);
    check(one("ARGS:q", "' or 1=1"), "ARGS:q", Some("' or 1=1"), said);
    check(one("ARGS:password", "x"), "ARGS:password", None, said);
    check(finding(7, None, &[]), "", None, said);
    let mut quoting = one("ARGS:q", "x");
    quoting.quotes = true;
    check(quoting, "ARGS:q", Some("x"), None);
    let mut sanitised = one("ARGS:q", "x");
    sanitised.sanitise = true;
    check(sanitised, "ARGS:q", None, said);
    let body = "{\"password\":\"x\"}";
    check(one(&format!("ARGS:{body}"), ""), "ARGS:…", None, said);
    let long = "x".repeat(300);
    let begins = format!("{}…", "x".repeat(64));
    check(one("ARGS:q", &long), "ARGS:q", Some(&begins), said);
}

#[test]
fn the_gravest_come_first_and_every_part_is_told() {
    let found = told(&[
        finding(1, None, &[("ARGS:a", "v")]),
        finding(
            2,
            Some(2),
            &[
                ("ARGS:b", "v"),
                ("ARGS:a", "v"),
                ("MATCHED_VARS:ARGS:a", "v"),
            ],
        ),
        finding(3, Some(0), &[("TX:score", "5")]),
    ]);
    let order: Vec<(u64, &str)> = found
        .findings
        .iter()
        .map(|one| (one.rule, one.variable.as_str()))
        .collect();
    let expected = [(3, "TX:score"), (2, "ARGS:a"), (2, "ARGS:b"), (1, "ARGS:a")];
    assert_eq!((order.as_slice(), found.more), (&expected[..], 0));
}

#[test]
fn what_is_beyond_the_limit_is_counted() {
    let many = |count: usize| -> Vec<Finding> {
        let one = [("ARGS:a", "v"), ("ARGS:b", "v")];
        (0..count).map(|_| finding(1, None, &one)).collect()
    };
    let both = |count| {
        let found = told(&many(count));
        (found.findings.len(), found.more)
    };
    assert_eq!(both(FINDINGS_MAX / 2), (FINDINGS_MAX, 0));
    assert_eq!(both(FINDINGS_MAX / 2 + 3), (FINDINGS_MAX, 6));
}
