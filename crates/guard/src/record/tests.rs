use http::StatusCode;
use vauban_audit::{Outcome, Verdict, control};
use vauban_policy::Denial;

use super::{Trail, fresh_id};

#[test]
fn ids_are_26_characters_and_differ() {
    let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| fresh_id(0)).collect();
    assert_eq!(ids.len(), 1000);
    for id in ids {
        assert_eq!(id.len(), 26);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{id}"
        );
    }
}

#[test]
fn only_an_id_is_taken_over() {
    let id = "0123456789abcdefghjkmnpqrs";
    for (given, taken) in [
        (Some(id), true),
        (None, false),
        (Some(""), false),
        (Some("0123456789abcdefghjkmnpqr"), false),
        (Some("0123456789abcdefghjkmnpqrst"), false),
        (Some("0123456789ABCDEFGHJKMNPQRS"), false),
        (Some("0123456789abcdefghjkmnpq/."), false),
    ] {
        let mut trail = Trail::new(0);
        let own = trail.decision.clone();
        trail.follow(given);
        assert_eq!(
            trail.decision,
            if taken { id.to_owned() } else { own },
            "{given:?}"
        );
    }
}

#[test]
fn an_event_names_every_control() {
    for (denial, status, outcome) in [
        (None, StatusCode::OK, Outcome::Allowed),
        (
            Some(Denial::SessionEnded),
            StatusCode::UNAUTHORIZED,
            Outcome::Refused,
        ),
        (
            Some(Denial::FactsUnavailable),
            StatusCode::SERVICE_UNAVAILABLE,
            Outcome::Failed,
        ),
    ] {
        let mut trail = Trail::new(0);
        trail.passed(control::GUARD_PEER, "edge");
        let event = trail.into_event(7, "guard-notes", status, denial.as_ref());
        let seen: Vec<(&str, Verdict, &str)> = event
            .controls
            .iter()
            .map(|c| (&*c.name, c.verdict, &*c.fact))
            .collect();
        let expected = vec![
            (control::GUARD_PEER, Verdict::Passed, "edge"),
            (control::GUARD_TOKEN, Verdict::Skipped, "not reached"),
            (control::GUARD_SESSION, Verdict::Skipped, "not reached"),
            (control::GUARD_BUDGET, Verdict::Skipped, "not reached"),
            (control::GUARD_OWNERSHIP, Verdict::Skipped, "not reached"),
        ];
        assert_eq!(seen, expected);
        assert_eq!(
            (event.outcome, event.status, event.at_unix_ms),
            (outcome, status.as_u16(), 7)
        );
        assert_eq!(event.denial.as_deref(), denial.as_ref().map(Denial::code));
    }
}
