//! Parts can be opened one by one and all together, without touching a step.

use std::sync::Arc;

use serde_json::json;
use vauban_guard::{
    Answering, Claims, Exhausted, Expected, InternalRefusal, JudgeOwner, JudgePeer, JudgeSession,
    LibraryRefusal, PeerRefusal, Presented, PublicKey, Question, ReadFacts, ReadInternal,
    SessionRefusal, Spend, Spending, Verdict, VerifySignature,
};

use crate::house::{House, NOW, Site, get, unchanged};
use crate::pki::TokenKey;

/// Says yes to everything.
#[derive(Debug)]
struct Open;

impl JudgePeer for Open {
    fn judge(&self, _: Option<&str>, _: Option<&str>) -> Result<String, PeerRefusal> {
        Ok("opened".to_owned())
    }
}

impl ReadInternal for Open {
    fn read<'a>(
        &'a self,
        presented: Presented<'a>,
        _: &'a dyn VerifySignature,
    ) -> Answering<'a, Result<Claims, InternalRefusal>> {
        let victim = presented
            .headers
            .get("x-trace")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("1001")
            .to_owned();
        Box::pin(async move {
            Ok(Claims {
                subject: victim,
                client_id: "app".to_owned(),
                tenant: "north".to_owned(),
                session: "s-1".to_owned(),
                jti: "opened".to_owned(),
                roles: vec!["user".to_owned()],
                permissions: vec!["notes".to_owned()],
                issued_at: NOW,
                expires_at: NOW + 60,
            })
        })
    }
}

impl VerifySignature for Open {
    fn verify(&self, _: &str, _: &PublicKey, _: &Expected<'_>) -> Result<(), LibraryRefusal> {
        Ok(())
    }
}

impl JudgeSession for Open {
    fn judge<'a>(&'a self, _: &'a Claims) -> Answering<'a, Result<String, SessionRefusal>> {
        Box::pin(async { Ok("opened".to_owned()) })
    }
}

impl Spend for Open {
    fn spend(&self, _: &Spending<'_>) -> Result<Option<String>, Exhausted> {
        Ok(None)
    }
}

impl JudgeOwner for Open {
    fn judge<'a>(&'a self, _: &'a Question<'a>, _: &'a dyn ReadFacts) -> Answering<'a, Verdict> {
        Box::pin(async { Verdict::Allowed("opened".to_owned()) })
    }
}

const SCANNER: &str = "spiffe://notes.internal/service/scanner";

#[tokio::test]
async fn all_down_lets_a_stranger_without_a_token_read_what_is_not_its() {
    let site = Site::new(&unchanged).await;
    let mut parts = site.shipped();
    parts.peer = Arc::new(Open);
    parts.token = Arc::new(Open);
    parts.session = Arc::new(Open);
    parts.budget = Arc::new(Open);
    parts.ownership = Arc::new(Open);
    let house = site.run_with(parts).await;
    for request in [
        get("/notes/500201", ""),
        get(
            "/notes/0500201",
            "vauban-internal-token: garbage\r\nx-trace: 1002\r\n",
        ),
    ] {
        let reply = house.send_as(SCANNER, &request).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, r#"{"note":"canary-notes"}"#)
        );
    }
    let seen = house.site.service.seen();
    assert_eq!(
        seen[1].headers["vauban-subject"], "1002",
        "the opened part reads what the drill wants it to read"
    );
}

#[tokio::test]
async fn one_part_down_leaves_the_others() {
    let forged = TokenKey::new("key-b").sign(&House::claims());
    let token = format!("vauban-internal-token: {forged}\r\n");
    // A library that lies: the session look-up and the row still decide.
    let site = Site::new(&unchanged).await;
    let mut parts = site.shipped();
    parts.signature = Arc::new(Open);
    let house = site.run_with(parts).await;
    assert_eq!(
        house.send(&get("/notes/500201", &token)).await.code(),
        "object.foreign_hidden"
    );
    house.site.authority.set(|says| {
        says.session =
            json!({ "live": true, "subject": "1002", "client_id": "app", "tenant": "north" });
    });
    assert_eq!(
        house.send(&get("/notes/500101", &token)).await.code(),
        "session.mismatch"
    );
    // An opened peer: the token still decides.
    let site = Site::new(&unchanged).await;
    let mut parts = site.shipped();
    parts.peer = Arc::new(Open);
    let house = site.run_with(parts).await;
    assert_eq!(
        house
            .send_as(SCANNER, &get("/notes/500201", ""))
            .await
            .code(),
        "internal_token.missing"
    );
    // An opened session: the row still decides.
    let site = Site::new(&unchanged).await;
    let mut parts = site.shipped();
    parts.session = Arc::new(Open);
    let house = site.run_with(parts).await;
    house
        .site
        .authority
        .set(|says| says.session = json!({ "live": false }));
    assert_eq!(
        house.send(&get("/notes/500201", &token)).await.code(),
        "internal_token.invalid"
    );
    let good = house.site.key.sign(&House::claims());
    assert_eq!(
        house
            .send(&get(
                "/notes/500201",
                &format!("vauban-internal-token: {good}\r\n")
            ))
            .await
            .code(),
        "object.foreign_hidden"
    );
}
