use super::*;

/// An event as the edge would write it.
pub(crate) fn sample(decision: &str) -> Event {
    let mut event = Event::new(1_795_000_000_000, "edge", decision, Kind::Request);
    "GET".clone_into(&mut event.method);
    "/accounts/{id}".clone_into(&mut event.route);
    event.status = 403;
    event.outcome = Outcome::Refused;
    event.denial = Some("role.missing".to_owned());
    event.subject = Some("1001".to_owned());
    event.controls.push(Control::new(
        crate::control::EDGE_ROLES,
        Verdict::Refused,
        "needs `admin`",
    ));
    event
}

/// The largest event there can be: every string at its limit, of characters that JSON writes as two bytes.
pub(crate) fn largest() -> Event {
    let name = || "\"".repeat(NAME_BYTES_MAX);
    let fact = || "\"".repeat(FACT_BYTES_MAX);
    let control = || Control {
        name: name().into(),
        verdict: Verdict::Refused,
        fact: fact().into(),
        findings: Vec::new(),
        more: u32::MAX,
    };
    let finding = || Finding {
        rule: u64::MAX,
        variable: name(),
        value: Some(name()),
        message: Some(name()),
    };
    let mut controls: Vec<Control> = (0..CONTROLS_MAX).map(|_| control()).collect();
    controls[0].findings = (0..FINDINGS_MAX).map(|_| finding()).collect();
    Event {
        at_unix_ms: u64::MAX,
        line: name().into(),
        decision: name(),
        kind: Kind::Revocation,
        method: name(),
        route: fact(),
        operation: name(),
        status: u16::MAX,
        outcome: Outcome::Refused,
        denial: Some(name()),
        subject: Some(name()),
        client_id: Some(name()),
        tenant: Some(name()),
        session: Some(name()),
        peer: Some(fact()),
        controls,
    }
}

#[test]
fn strings_are_bounded_and_escaped() {
    let check = |given: &str, bytes_max: usize, stored: &str| {
        let mut text = given.to_owned();
        bound(&mut text, bytes_max);
        assert_eq!(text, stored, "from {given:?}");
        assert!(
            text.len() <= bytes_max,
            "{given:?} became {} bytes",
            text.len()
        );
    };
    check("", 8, "");
    check("plain", 8, "plain");
    check("exactly8", 8, "exactly8");
    check("exactly 9", 8, "exact…");
    check("größer als acht", 8, "grö…");
    check("ööööööööö", 8, "öö…");
    check("a\nb", 16, "a\\u{a}b");
    check("\u{1b}[2J", 16, "\\u{1b}[2J");
    check("a\\b", 16, "a\\\\b");
    check("\u{202e}x", 16, "\\u{202e}x");
    check("\u{85}", 16, "\\u{85}");
    check("12\u{1b}", 8, "12\\u{1b}");
    check("123\u{1b}", 8, "123…");
    check("\u{1b}\u{1b}", 8, "…");
}

#[test]
fn every_string_of_an_event_is_bounded() {
    let long = "\u{1b}".repeat(1_000);
    let mut event = largest();
    event.line = long.clone().into();
    for text in [
        &mut event.decision,
        &mut event.method,
        &mut event.route,
        &mut event.operation,
    ] {
        text.clone_from(&long);
    }
    for text in [
        &mut event.denial,
        &mut event.subject,
        &mut event.client_id,
        &mut event.tenant,
        &mut event.session,
        &mut event.peer,
    ] {
        *text = Some(long.clone());
    }
    let mut control = Control::new(long.clone(), Verdict::Passed, long.clone());
    control.findings = vec![
        Finding {
            rule: 1,
            variable: long.clone(),
            value: Some(long.clone()),
            message: Some(long),
        };
        10
    ];
    control.more = 1;
    event.controls = vec![control; 1_000];
    let json = serde_json::to_string(&event.bounded()).unwrap();
    assert!(
        !json.contains("\\u001b"),
        "a control character was stored: {json}"
    );
    assert!(
        json.len() < crate::record::RECORD_BYTES_MAX,
        "{} bytes",
        json.len()
    );
    assert_eq!(json.matches("\"fact\"").count(), CONTROLS_MAX);
    assert_eq!(json.matches("\"rule\"").count(), FINDINGS_MAX);
    let cut = json.matches("\"more\":5").count() + json.matches("\"more\":11").count();
    assert_eq!(cut, CONTROLS_MAX - 1, "what is cut is counted");
}

#[test]
fn an_event_without_optional_parts_is_short_and_is_read_back() {
    let event = Event::new(7, "edge", "", Kind::Start);
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(
        json,
        "{\"at_unix_ms\":7,\"line\":\"edge\",\"decision\":\"\",\"kind\":\"start\",\"method\":\"\",\"route\":\"\",\
         \"operation\":\"\",\"status\":0,\"outcome\":\"failed\",\"controls\":[]}"
    );
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
}

#[test]
fn control_names_are_distinct_and_named_after_their_line() {
    let names: std::collections::BTreeSet<_> = crate::control::ALL.iter().collect();
    assert_eq!(names.len(), crate::control::ALL.len());
    for name in names {
        let (line, _) = name.split_once('.').unwrap();
        assert!(
            ["edge", "authority", "guard", "data", "service"].contains(&line),
            "{name}"
        );
    }
}
