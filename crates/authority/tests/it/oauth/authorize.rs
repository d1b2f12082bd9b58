//! The authorization endpoint and pushed requests: requirements 1, 2, 3, 8, 9, 11, 12.

use vauban_audit::{Kind, Outcome};

use super::{Oauth, VERIFIER, challenge, check, handle, parameter};
use crate::client::Answer;
use crate::world::PASSWORD;

/// A page of ours, and nobody is sent anywhere.
#[track_caller]
fn stays(name: &str, answer: &Answer) {
    assert_eq!(answer.status, 400, "{name}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(
        !answer.headers.contains_key("location"),
        "{name}: {answer:?}"
    );
}

/// An error that goes back to the client, with state and issuer.
#[track_caller]
fn goes_back(name: &str, answer: &Answer, error: &str) {
    assert_eq!(answer.status, 303, "{name}: {answer:?}");
    assert!(
        answer.headers["location"].starts_with("https://portal.example/cb?"),
        "{name}: {answer:?}"
    );
    assert_eq!(parameter(answer, "error").as_deref(), Some(error), "{name}");
    assert_eq!(parameter(answer, "state").as_deref(), Some("x y"), "{name}");
    assert_eq!(
        parameter(answer, "iss").as_deref(),
        Some("https://authority.bank.internal"),
        "{name}"
    );
    assert_eq!(parameter(answer, "code"), None, "{name}");
}

/// Requirements 8 and 9 (RFC 9207 §2; RFC 9700 §4.12).
#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_and_the_client_gets_code_state_and_issuer() {
    let oauth = Oauth::start().await;
    let page = oauth.ask(&[]).await;
    assert_eq!(
        page.fine().headers["content-type"],
        "text/html; charset=utf-8"
    );
    assert!(
        page.body.contains("<strong>portal</strong>"),
        "{}",
        page.body
    );
    let wrong = oauth.agree(&page, "alice", "not the password").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("role=\"alert\""), "{}", wrong.body);
    assert_eq!(handle(&wrong), handle(&page), "the same login goes on");
    let answer = oauth.agree(&page, "alice", PASSWORD).await;
    assert_eq!(
        answer.status, 303,
        "never a status that repeats the password"
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(parameter(&answer, "state").as_deref(), Some("x y"));
    assert_eq!(
        parameter(&answer, "iss").as_deref(),
        Some("https://authority.bank.internal")
    );
    assert!(parameter(&answer, "code").is_some_and(|code| code.len() == 64));
    stays(
        "the form again",
        &oauth.agree(&page, "alice", PASSWORD).await,
    );
    let events = oauth.world.remembered(Kind::Login);
    let outcomes: Vec<Outcome> = events.iter().map(|event| event.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Refused, Outcome::Allowed, Outcome::Refused]
    );
    assert!(!format!("{events:?}").contains(PASSWORD));
}

/// Requirements 1 and 2 (RFC 9700 §2.1, §4.11.2).
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_an_address_that_nobody_registered() {
    let oauth = Oauth::start().await;
    for (name, changes) in [
        ("unknown client", ("client_id", "nobody")),
        ("no client", ("client_id", "")),
        ("a client without codes", ("client_id", "reports")),
        ("other URI", ("redirect_uri", "https://evil.example/cb")),
        (
            "longer URI",
            ("redirect_uri", "https://portal.example/cb/../x"),
        ),
        (
            "unknown pushed request",
            ("request_uri", "urn:ietf:params:oauth:request_uri:0"),
        ),
        (
            "request by reference",
            ("request_uri", "https://evil.example/request.jwt"),
        ),
    ] {
        stays(name, &oauth.ask(&[changes]).await);
    }
    let twice = "/oauth/authorize?client_id=portal&client_id=portal";
    stays("twice", &oauth.get(twice).await);
    stays(
        "half a form",
        &oauth.post("/oauth/authorize", "", &[("login", "x")]).await,
    );
    let forged = [
        ("login", "x"),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    stays(
        "forged form",
        &oauth.post("/oauth/authorize", "", &forged).await,
    );
}

/// Requirements 3, 4 and 8 (RFC 9700 §2.1.1, §2.1.2; RFC 9207 §2).
#[tokio::test(flavor = "multi_thread")]
async fn other_mistakes_go_back_to_the_client() {
    let oauth = Oauth::start().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (
            ("response_type", "code id_token"),
            "unsupported_response_type",
        ),
        (("response_type", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("scope", "read:accounts root"), "invalid_scope"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
        (("request", "eyJhbGciOiJub25lIn0"), "invalid_request"),
    ] {
        goes_back(change.0, &oauth.ask(&[change]).await, error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_ten_minutes_and_attempts_are_counted() {
    let oauth = Oauth::start().await;
    let page = oauth.ask(&[]).await;
    for _ in 0..5 {
        let answer = oauth.agree(&page, "alice", "not the password").await;
        assert_eq!(answer.status, 401);
    }
    let answer = oauth.agree(&page, "alice", PASSWORD).await;
    assert_eq!(answer.status, 429, "the account's budget holds here too");
    oauth.world.clock.advance_ms(600_000);
    stays("too late", &oauth.agree(&page, "alice", PASSWORD).await);
}

/// A request that the desk pushes, with more parameters; `secret` is its own unless another is tried.
pub(crate) async fn push(oauth: &Oauth, secret: &str, more: &[(&str, &str)]) -> Answer {
    let challenge = challenge(VERIFIER);
    let mut pairs = vec![
        ("client_id", "desk"),
        ("client_secret", secret),
        ("response_type", "code"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    pairs.extend(more);
    oauth.post("/oauth/par", "", &pairs).await
}

/// Requirement 11 (RFC 9126 §4).
#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_is_used_once_by_its_client() {
    let oauth = Oauth::start().await;
    let pushed = push(&oauth, &oauth.desk, &[]).await;
    assert_eq!(
        (pushed.status, &pushed.json()["expires_in"]),
        (201, &60.into())
    );
    let uri = pushed.text("request_uri");
    let desk = ("client_id", "desk");
    let other = oauth.ask(&[("request_uri", &uri)]).await;
    stays("another client", &other);
    let page = oauth.ask(&[desk, ("request_uri", &uri)]).await;
    let answer = oauth.agree(page.fine(), "alice", PASSWORD).await;
    assert!(answer.headers["location"].starts_with("https://desk.example/cb?code="));
    let again = oauth.ask(&[desk, ("request_uri", &uri)]).await;
    stays("second use", &again);
    let late = push(&oauth, &oauth.desk, &[]).await.text("request_uri");
    oauth.world.clock.advance_ms(60_000);
    let answer = oauth.ask(&[desk, ("request_uri", &late)]).await;
    stays("too late", &answer);
}

/// Requirement 11 (RFC 9126 §2.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_must_push_is_not_served_otherwise_and_what_it_pushes_is_judged() {
    let oauth = Oauth::start().await;
    let direct = [
        ("client_id", "desk"),
        ("redirect_uri", "https://desk.example/cb"),
    ];
    let answer = oauth.ask(&direct).await;
    assert_eq!(
        parameter(&answer, "error").as_deref(),
        Some("invalid_request"),
        "{answer:?}"
    );
    for (change, error) in [
        (("request_uri", "x"), "invalid_request"),
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("scope", "root"), "invalid_scope"),
    ] {
        let answer = push(&oauth, &oauth.desk, &[change]).await;
        check(change.0, &answer, 400, error);
    }
    let answer = push(&oauth, "guess", &[]).await;
    check("wrong secret", &answer, 401, "invalid_client");
}
