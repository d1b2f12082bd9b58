//! The services on PostgreSQL: what they answer when the guard before them was fooled, and that money stays whole.

use std::sync::Arc;

use vauban_audit::Verdict;
use vauban_bank::Service;

use crate::cluster::{Cluster, Words, words};
use crate::house::{Call, Ground, check, order};
use crate::payments::crowd;

/// A call with a signed context.
fn signed(call: Call, words: &Words) -> Call {
    call.with("vauban-db-context", &words.sign())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_guard_was_fooled_shows_nothing_foreign() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let house = cluster
        .ground("svc_accounts")
        .serve(Service::Accounts)
        .await;
    let alice = words("1001", "north", "svc_accounts");
    let statements = |account: i64| {
        let line = format!("GET /accounts/{account}/statements");
        Call::new("readStatements", &line, "1001", "north")
    };
    let said = check(&house, signed(statements(500_101), &alice), 200, "").await;
    assert!(said.body.contains("canary-500101"));
    check(
        &house,
        signed(statements(500_201), &alice),
        404,
        "account.unknown",
    )
    .await;
    check(&house, statements(500_101), 403, "caller.refused").await;
    let forged = Words {
        key: [1; 32],
        ..alice.clone()
    };
    check(
        &house,
        signed(statements(500_101), &forged),
        404,
        "account.unknown",
    )
    .await;
    let profile = Call::new(
        "readProfile",
        "GET /api/v1/user/profile/1002",
        "1001",
        "north",
    );
    check(&house, signed(profile, &alice), 404, "profile.unknown").await;
    // Headers that say bob, under a context that says alice: the rows believe the context.
    let headers = Call::new("listAccounts", "GET /accounts", "1002", "north");
    let said = check(&house, signed(headers, &alice), 200, "").await;
    assert_eq!(said.body, r#"{"accounts":[]}"#);
    let events = house.end().await;
    let verdicts: Vec<Verdict> = events
        .iter()
        .map(|event| event.controls[1].verdict)
        .collect();
    let (shown, hidden, unasked) = (Verdict::Passed, Verdict::Refused, Verdict::Skipped);
    assert_eq!(verdicts, [shown, hidden, unasked, hidden, hidden, shown]);
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_balance_and_belong_to_their_owner() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let house = Arc::new(
        cluster
            .ground("svc_payments")
            .serve(Service::Payments)
            .await,
    );
    let context = |call: Call| {
        let bob = call.headers.iter().any(|(_, value)| value == "1002");
        signed(
            call,
            &words(if bob { "1002" } else { "1001" }, "north", "svc_payments"),
        )
    };
    let alice = words("1001", "north", "svc_payments");
    let order_once = || context(order("1001", "key-00000001", 500_101, 500_201, 7));
    let first = check(&house, order_once(), 201, "").await;
    let again = check(&house, order_once(), 201, "").await;
    assert_eq!(first.body, again.body);
    for (call, status, code) in [
        (
            order("1001", "key-00000001", 500_101, 500_201, 8),
            422,
            "transfer.key_reused",
        ),
        (
            order("1001", "key-00000002", 500_201, 500_101, 8),
            404,
            "account.unknown",
        ),
        (
            order("1001", "key-00000003", 500_101, 500_401, 8),
            422,
            "transfer.destination_unknown",
        ),
        (
            order("1001", "key-00000004", 500_101, 999_999, 8),
            422,
            "transfer.destination_unknown",
        ),
        (
            order("1001", "key-00000005", 500_101, 500_201, 100_000_000),
            422,
            "transfer.insufficient_funds",
        ),
        (
            order("1002", "key-00000006", 500_101, 500_201, 8),
            404,
            "account.unknown",
        ),
    ] {
        check(&house, signed(call, &alice), status, code).await;
    }
    let same = || context(order("1001", "key-00000007", 500_101, 500_201, 5));
    let (one, two, three) =
        tokio::join!(house.send(same()), house.send(same()), house.send(same()));
    assert_eq!(one.status, 201);
    assert!(one.body == two.body && two.body == three.body);
    crowd(&house, context).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_takes_only_its_own_role() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let said = cluster
        .ground("svc_accounts")
        .refusal(Service::Payments)
        .await;
    assert!(
        said.contains("service `payments` must not speak to the database as `svc_accounts`"),
        "{said}"
    );
    let ground = Ground {
        database: cluster.ground("svc_payments").ledger,
        ..cluster.ground("svc_payments")
    };
    let said = ground.refusal(Service::Payments).await;
    assert!(said.contains("as `superuser`"), "{said}");
    let blind = vauban_bank::ledger_balances(&cluster.ground("svc_payments").database)
        .await
        .unwrap_err();
    let source = std::error::Error::source(&blind).unwrap().to_string();
    assert!(
        source.contains("`svc_payments` is under row-level security"),
        "{source}"
    );
}
