use std::collections::BTreeSet;
use std::sync::Arc;

use super::{TEMPLATES, Template};
use crate::outcome::{Outcome, Report};
use crate::stage::{Seen, Told, certificates, reply, serve, target, token};
use crate::twin::{Twin, TwinOutcome};

const PROBLEM: &str = r#"{"code":"object.foreign_hidden","decision":"abc"}"#;

/// Plays one attack against a server that answers everything alike.
fn play(id: &str, status: u16, body: &'static str, witness: &mut Told) -> (Report, Seen) {
    let certificates = certificates();
    let (address, seen) = serve(&certificates, false, move |_request| reply(status, body));
    witness.seen = Arc::clone(&seen);
    (
        Template::find(id)
            .unwrap()
            .run(&target(&certificates, address), witness),
        seen,
    )
}

fn check(id: &str, status: u16, body: &'static str, mut witness: Told, expected: &str) {
    let (report, _) = play(id, status, body, &mut witness);
    let seen = match &report.outcome {
        Outcome::Through { evidence } => format!("through: {evidence}"),
        Outcome::Stopped {
            status,
            code,
            decision,
        } => format!(
            "stopped: {status} {} {}",
            code.as_deref().unwrap_or("-"),
            decision.as_deref().unwrap_or("-")
        ),
        Outcome::Inconclusive { why } => format!("inconclusive: {why}"),
    };
    assert_eq!(seen, expected, "{id} answered {status} {body}");
}

#[test]
fn only_the_canary_makes_a_read_a_leak() {
    let leak = "through: `/accounts/7/statements` returned the canary";
    check(
        "A01",
        200,
        "{\"note\":\"canary-statements\"}",
        Told::default(),
        leak,
    );
    check(
        "A01",
        500,
        "panicked at canary-statements",
        Told::default(),
        leak,
    );
    check(
        "A01",
        200,
        "{\"items\":[]}",
        Told::default(),
        "stopped: 200 - -",
    );
    check(
        "A01",
        404,
        PROBLEM,
        Told::default(),
        "stopped: 404 object.foreign_hidden abc",
    );
    check(
        "A10",
        200,
        "canary-admin",
        Told::default(),
        "through: `/admin` returned the canary",
    );
}

#[test]
fn the_second_object_counts_as_much_as_the_first() {
    let leak = "through: `/profile/1002` returned the canary";
    check("A01", 200, "canary-profile", Told::default(), leak);
    check("A30", 200, "canary-profile", Told::default(), leak);
}

#[test]
fn a_blind_witness_sees_no_attack_go_through() {
    let blind = || Told {
        blind: true,
        moved: true,
        ..Told::default()
    };
    check("A01", 200, "canary-statements", blind(), "stopped: 200 - -");
    check("A02", 201, "{}", blind(), "stopped: 201 - -");
    check(
        "FLOOD-USER",
        200,
        "{}",
        blind(),
        "inconclusive: the service received 0 of 11 requests and nobody refused one",
    );
}

#[test]
fn a_change_is_judged_by_the_stored_data() {
    let (report, seen) = play(
        "A02",
        404,
        PROBLEM,
        &mut Told {
            moved: true,
            ..Told::default()
        },
    );
    assert!(report.outcome.is_through());
    let request = seen.lock().unwrap().pop().unwrap();
    let reference = request
        .split_once("Idempotency-Key: ")
        .unwrap()
        .1
        .split_once("\r\n")
        .unwrap()
        .0
        .to_owned();
    assert!(reference.starts_with("run-a02-"), "{reference}");
    assert!(
        request.ends_with(&format!(r#"{{"from":"7","reference":"{reference}"}}"#)),
        "{request}"
    );
    check("A02", 201, "{}", Told::default(), "stopped: 201 - -");
}

#[test]
fn a_flood_is_judged_by_what_the_service_received() {
    check(
        "FLOOD-USER",
        200,
        "{}",
        Told::default(),
        "through: the service received 11 of 11 requests, 3 were agreed",
    );
    check(
        "FLOOD-IP",
        200,
        "{}",
        Told::default(),
        "through: the service received 12 of 12 requests, 4 were agreed",
    );
    check(
        "A23",
        429,
        PROBLEM,
        Told::default(),
        "through: the service received 12 of 12 requests, 4 were agreed",
    );
    let within = || Told {
        served_max: Some(2),
        ..Told::default()
    };
    check(
        "A23",
        429,
        PROBLEM,
        within(),
        "stopped: 429 object.foreign_hidden abc",
    );
    check(
        "A23",
        200,
        "{}",
        within(),
        "inconclusive: the service received 4 of 12 requests and nobody refused one",
    );
}

fn sent(id: &str, needles: &[&str]) {
    let (_, seen) = play(id, 404, PROBLEM, &mut Told::default());
    let all = seen.lock().unwrap().join("\n");
    for needle in needles {
        assert!(all.contains(needle), "{id} did not send `{needle}`:\n{all}");
    }
}

#[test]
fn each_attack_sends_what_it_is_named_after() {
    sent(
        "A04",
        &[
            "X-User-Id: 1002",
            "X-Odd-Owner: 1002",
            "X-Owner-Id: 1001",
            "/statements?user_id=1002&owner_id=1001",
        ],
    );
    sent(
        "A23",
        &[
            "X-Forwarded-For: 203.0.113.1",
            "X-Odd-Address: 203.0.113.2",
            "Forwarded: for=203.0.113.3",
        ],
    );
    let none = crate::forge::encode(br#"{"alg":"none","kid":"k1"}"#);
    sent(
        "A30",
        &[
            &format!("Bearer {none}."),
            &crate::forge::encode(br#"{"exp":7,"sid":"s-1001","sub":"1002"}"#),
        ],
    );
    sent(
        "A32",
        &[
            &token("1002"),
            &crate::forge::encode(br#"{"exp":"4102444800","sid":"s-1001","sub":"1002"}"#),
        ],
    );
    sent(
        "FORGED-SUB",
        &[&crate::forge::encode(
            br#"{"exp":7,"sid":"s-1001","sub":"1002"}"#,
        )],
    );
}

#[test]
fn no_header_is_sent_twice() {
    let (_, seen) = play("A04", 404, PROBLEM, &mut Told::default());
    let request = seen.lock().unwrap()[0].to_lowercase();
    assert_eq!(request.matches("x-owner:").count(), 1, "{request}");
}

#[test]
fn the_sibling_comes_with_its_certificate_and_with_and_without_a_token() {
    let certificates = certificates();
    let (address, seen) = serve(&certificates, true, |_request| reply(403, PROBLEM));
    let report = Template::find("A80")
        .unwrap()
        .run(&target(&certificates, address), &Told::default());
    let variants: Vec<&str> = report
        .attempts
        .iter()
        .map(|attempt| attempt.variant.as_str())
        .collect();
    assert_eq!(
        variants,
        [
            "statements with no token",
            "profile with no token",
            "transfer with no token",
            "transfer with the sibling's token",
            "statements with an unsigned token",
            "profile with an unsigned token",
        ]
    );
    let seen = seen.lock().unwrap();
    let with_token = seen
        .iter()
        .filter(|request| request.contains("Vauban-Internal-Token: "))
        .count();
    assert_eq!((seen.len(), with_token), (6, 3));
}

#[test]
fn an_attack_without_what_it_needs_does_not_apply() {
    let certificates = certificates();
    let mut target = target(&certificates, "127.0.0.1:1".parse().unwrap());
    assert!(!Template::find("A36").unwrap().applies(&target));
    assert!(Template::find("A32").unwrap().applies(&target));
    target.sibling.internal_token = None;
    assert!(!Template::find("A80").unwrap().applies(&target));
}

#[test]
fn no_connection_is_no_verdict() {
    let certificates = certificates();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let report = Template::find("A01")
        .unwrap()
        .run(&target(&certificates, closed), &Told::default());
    assert!(report.outcome.is_inconclusive(), "{report:?}");
}

#[test]
fn a_twin_needs_the_effect_as_well() {
    let certificates = certificates();
    let body = "canary-statements canary-profile canary-upload canary-admin";
    let (address, seen) = serve(&certificates, false, move |_request| reply(200, body));
    let target = target(&certificates, address);
    let witness = Told {
        moved: true,
        seen,
        ..Told::default()
    };
    for twin in Twin::ALL {
        assert_eq!(
            twin.run(&target, &witness),
            TwinOutcome::Succeeded,
            "{}",
            twin.name()
        );
    }
    let blind = Told {
        blind: true,
        ..Told::default()
    };
    for twin in Twin::ALL {
        assert!(
            matches!(twin.run(&target, &blind), TwinOutcome::Failed { .. }),
            "{}",
            twin.name()
        );
    }
}

#[test]
fn identifiers_are_unique_and_sorted() {
    let ids: Vec<&str> = TEMPLATES.iter().map(|template| template.id).collect();
    let sorted: Vec<&str> = ids
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(ids, sorted);
}
