//! Profiles, accounts and statements on SQLite, where the guard alone decides whose they are.

use vauban_audit::{Outcome, Verdict};
use vauban_bank::Service;

use crate::house::{Call, Ground, check};

fn alice(operation: &str, line: &str) -> Call {
    Call::new(operation, line, "1001", "north")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_answered() {
    let house = Ground::sqlite().await.serve(Service::Accounts).await;

    let said = check(
        &house,
        alice("readProfile", "GET /api/v1/user/profile/1001"),
        200,
        "",
    )
    .await;
    let wanted = serde_json::json!({
        "id": 1001, "username": "alice", "tenant": "north", "role": "user", "display_name": "Alice Archer",
        "email": "alice@north.bank.example", "address": "canary-1001"
    });
    assert_eq!(said.json(), wanted);

    let said = check(&house, alice("listAccounts", "GET /accounts"), 200, "").await;
    let ids: Vec<i64> = said.json()["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [500_101, 500_102]);

    let said = check(
        &house,
        alice("readStatements", "GET /accounts/500101/statements"),
        200,
        "",
    )
    .await;
    assert_eq!(
        said.json()["balance_cents"],
        250_000 + 310_000 - 4_250 + 1_780 - 85_000 - 100
    );
    assert_eq!(
        said.json()["statements"][0]["memo"],
        "canary-500101",
        "newest first"
    );
    let two = "GET /accounts/500101/statements?limit=2";
    let said = check(&house, alice("readStatements", two), 200, "").await;
    assert_eq!(said.json()["statements"].as_array().unwrap().len(), 2);

    let carol = Call::new(
        "listProfiles",
        "GET /api/v1/admin/profiles",
        "1003",
        "north",
    );
    let said = check(&house, carol, 200, "").await;
    let names: Vec<&str> = said.json()["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|profile| match profile["username"].as_str() {
            Some("alice") => "alice",
            Some("bob") => "bob",
            Some("carol") => "carol",
            _ => "somebody of another tenant",
        })
        .collect();
    assert_eq!(names, ["alice", "bob", "carol"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_row_level_security_the_guards_word_is_all_there_is() {
    let house = Ground::sqlite().await.serve(Service::Accounts).await;
    let foreign = alice("readStatements", "GET /accounts/500201/statements");
    let said = check(&house, foreign, 200, "").await;
    assert!(
        said.body.contains("canary-500201"),
        "a drill that opens the guard must see this"
    );
    let events = house.end().await;
    let rls = events[0]
        .controls
        .iter()
        .find(|control| control.name == "data.rls")
        .unwrap();
    assert_eq!(rls.verdict, Verdict::Skipped);
    assert_eq!(rls.fact, "absent: SQLite has no row-level security");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_unknown() {
    let house = Ground::sqlite().await.serve(Service::Accounts).await;
    let calls = [
        (
            alice("readProfile", "GET /api/v1/user/profile/9999"),
            "profile.unknown",
        ),
        (
            alice("readStatements", "GET /accounts/999999/statements"),
            "account.unknown",
        ),
        (
            alice("readStatements", "GET /accounts/0500101/statements"),
            "route.unknown",
        ),
        (
            alice("readStatements", "GET /accounts/500101%27/statements"),
            "route.unknown",
        ),
        (alice("readProfile", "GET /transfers/1"), "route.unknown"),
    ];
    for (call, code) in calls {
        check(&house, call, 404, code).await;
    }
    let odd = alice(
        "readStatements",
        "GET /accounts/500101/statements?limit=1%20OR%201=1",
    );
    check(&house, odd, 400, "contract.violated").await;
    let body = alice("listAccounts", "GET /accounts").body("application/json", "{}");
    check(&house, body, 400, "request.broken").await;

    let events = house.end().await;
    assert_eq!(
        events.len(),
        6,
        "a head that was not read has no decision id"
    );
    assert!(
        events
            .iter()
            .all(|event| event.outcome == Outcome::Refused && event.denial.is_some())
    );
}
