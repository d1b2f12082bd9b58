use std::collections::BTreeSet;

use super::*;
use crate::Place;

#[test]
fn codes_are_unique_statuses_are_refusals_and_sentences_are_sentences() {
    let entries = Denial::catalogue();
    let codes: BTreeSet<&str> = entries.iter().map(|entry| entry.code).collect();
    assert_eq!(codes.len(), entries.len());
    for entry in &entries {
        assert!((400..600).contains(&entry.status), "{entry:?}");
        assert!(
            !entry.sentence.is_empty() && !entry.sentence.ends_with('.'),
            "{entry:?}"
        );
    }
}

#[test]
fn every_denial_has_its_code_and_status() {
    let cases = [
        ("host.unknown", 421),
        ("route.unknown", 404),
        ("method.refused", 405),
        ("budget.ip", 429),
        ("budget.user", 429),
        ("budget.endpoint", 429),
        ("waf.refused", 403),
        ("token.missing", 401),
        ("token.invalid", 401),
        ("token.expired", 401),
        ("role.missing", 403),
        ("permission.missing", 403),
        ("contract.violated", 400),
        ("contract.media_type", 415),
        ("body.too_large", 413),
        ("body.too_slow", 408),
        ("body.broken", 400),
        ("exchange.refused", 401),
        ("authority.unavailable", 503),
        ("upstream.unavailable", 502),
        ("upstream.timeout", 504),
        ("answer.violated", 502),
        ("audit.unavailable", 503),
        ("overloaded", 503),
        ("peer.undeclared", 403),
        ("internal_token.missing", 401),
        ("internal_token.invalid", 401),
        ("session.ended", 401),
        ("session.mismatch", 401),
        ("object.foreign_hidden", 404),
        ("object.foreign", 403),
        ("object.undeclared", 403),
        ("decision.error", 403),
        ("facts.unavailable", 503),
        ("login.refused", 401),
        ("login.throttled", 429),
        ("login.busy", 503),
        ("refresh.refused", 401),
        ("refresh.reused", 401),
        ("join.refused", 403),
        ("caller.refused", 403),
    ];
    let listed: Vec<(&str, u16)> = OTHERS
        .iter()
        .map(|denial| (denial.code(), denial.status()))
        .collect();
    assert_eq!(listed, cases);
    assert_eq!(
        Denial::all().len(),
        cases.len() + FramingRefusal::ALL.len() + TargetRefusal::ALL.len() + OauthError::ALL.len()
    );
}

#[test]
fn the_errors_of_oauth_are_the_words_and_statuses_of_the_rfcs() {
    let cases = [
        ("invalid_request", 400),
        ("invalid_client", 401),
        ("invalid_grant", 400),
        ("unauthorized_client", 400),
        ("unsupported_grant_type", 400),
        ("invalid_scope", 400),
        ("invalid_target", 400),
        ("unsupported_response_type", 400),
        ("access_denied", 400),
    ];
    let listed: Vec<(&str, u16)> = OauthError::ALL
        .iter()
        .map(|error| (error.word(), Denial::Oauth(*error).status()))
        .collect();
    assert_eq!(listed, cases);
}

#[test]
fn headers_that_belong_to_a_refusal() {
    let allowed = vec!["GET".to_owned(), "HEAD".to_owned()];
    assert_eq!(
        Denial::MethodRefused { allowed }.allow().as_deref(),
        Some("GET, HEAD")
    );
    assert_eq!(Denial::RouteUnknown.allow(), None);
    assert_eq!(Denial::TokenMissing.challenge(), Some("Bearer"));
    assert_eq!(
        Denial::TokenExpired.challenge(),
        Some("Bearer error=\"invalid_token\"")
    );
    assert_eq!(Denial::RoleMissing.challenge(), None);
    assert_eq!(
        Denial::BudgetUser {
            retry_after_seconds: 7
        }
        .retry_after_seconds(),
        Some(7)
    );
    assert_eq!(Denial::Overloaded.retry_after_seconds(), None);
}

#[test]
fn a_problem_names_code_and_decision_and_at_most_sixteen_violations() {
    let violation = Violation {
        place: Place::Query,
        pointer: "/limit".into(),
        reason: "is not an integer".into(),
    };
    let denial = Denial::ContractViolated {
        violations: vec![violation; 20],
    };
    let problem: serde_json::Value = serde_json::from_str(&denial.problem("0123")).unwrap();
    assert_eq!(problem["type"], "urn:vauban:denial:contract.violated");
    assert_eq!(
        problem["title"],
        "the request does not match the operation's contract"
    );
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["code"], "contract.violated");
    assert_eq!(problem["decision"], "0123");
    assert_eq!(problem["violations"].as_array().unwrap().len(), 16);
    assert_eq!(
        problem["violations"][0],
        serde_json::json!({ "pointer": "/limit", "in": "query", "reason": "is not an integer" })
    );
    let plain: serde_json::Value =
        serde_json::from_str(&Denial::Framing(FramingRefusal::Trailer).problem("x")).unwrap();
    assert_eq!(plain["code"], "http.trailer");
    assert_eq!(plain["title"], "the body has trailer fields");
    assert!(plain.get("violations").is_none());
}
