use super::{compare, path};
use crate::parts::{Claims, SessionRefusal};
use crate::strict;

fn claims() -> Claims {
    Claims {
        subject: "1001".to_owned(),
        client_id: "app".to_owned(),
        tenant: "north".to_owned(),
        session: "s-1".to_owned(),
        jti: "j".to_owned(),
        roles: Vec::new(),
        permissions: Vec::new(),
        issued_at: 1,
        expires_at: 2,
    }
}

#[track_caller]
fn check(answer: &str, expected: Result<&str, SessionRefusal>) {
    let stored = strict::read(answer.as_bytes()).unwrap();
    assert_eq!(
        compare(&stored, &claims()),
        expected.map(str::to_owned),
        "{answer}"
    );
}

#[test]
fn stored_session_is_compared_claim_by_claim() {
    check(
        r#"{"live":true,"subject":"1001","client_id":"app","tenant":"north"}"#,
        Ok("session s-1 is live and stored for subject 1001, tenant north"),
    );
    check(
        r#"{"live":false,"subject":"1001","client_id":"app","tenant":"north"}"#,
        Err(SessionRefusal::Ended),
    );
    check(r#"{"live":false}"#, Err(SessionRefusal::Ended));
    let mismatch = |what| Err(SessionRefusal::Mismatch(what));
    check(
        r#"{"live":true,"subject":"1002","client_id":"app","tenant":"north"}"#,
        mismatch("subject"),
    );
    check(
        r#"{"live":true,"subject":1001,"client_id":"app","tenant":"north"}"#,
        mismatch("subject"),
    );
    check(
        r#"{"live":true,"subject":"1001","client_id":"other","tenant":"north"}"#,
        mismatch("client_id"),
    );
    check(
        r#"{"live":true,"subject":"1001","client_id":"app","tenant":"south"}"#,
        mismatch("tenant"),
    );
    check(
        r#"{"live":true,"subject":"1001","client_id":"app"}"#,
        mismatch("tenant"),
    );
}

#[test]
fn an_answer_that_does_not_say_is_no_answer() {
    let unavailable = SessionRefusal::Unavailable(
        "authority: its answer does not say whether the session is live".to_owned(),
    );
    for answer in [
        "{}",
        "[]",
        r#"{"live":"true"}"#,
        r#"{"live":1}"#,
        r#"{"live":null}"#,
    ] {
        check(answer, Err(unavailable.clone()));
    }
}

#[test]
fn a_session_id_stays_one_segment_of_the_path() {
    assert_eq!(
        path("s-7Qm2_Zr").as_deref(),
        Some("/internal/sessions/s-7Qm2_Zr")
    );
    for bad in [
        "", ".", "..", "../keys", "a/b", "a%2fb", "a?b", "a#b", "a b", "ä",
    ] {
        assert_eq!(path(bad), None, "{bad}");
    }
}
