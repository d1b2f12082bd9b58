//! Transfers on SQLite.

use vauban_audit::{Kind, Outcome};
use vauban_bank::{Service, ledger_balances};

use crate::house::{Call, Ground, House, NOW_UNIX_MS, check, order};

const KEY: &str = "key-00000001";

async fn cents(house: &House, account: i64) -> i64 {
    ledger_balances(&house.ledger).await.unwrap().accounts[&account]
}

#[tokio::test(flavor = "multi_thread")]
async fn money_moves_once() {
    let house = Ground::sqlite().await.serve(Service::Payments).await;
    let (alice, bob) = (cents(&house, 500_101).await, cents(&house, 500_201).await);
    let first = check(&house, order("1001", KEY, 500_101, 500_201, 700), 201, "").await;
    let id = first.json()["id"].as_i64().unwrap();
    let wanted = serde_json::json!({
        "id": id, "from_account": 500_101, "to_account": 500_201, "amount_cents": 700, "reference": "test",
        "booked_at_unix_ms": NOW_UNIX_MS
    });
    assert_eq!(first.json(), wanted);
    let again = check(&house, order("1001", KEY, 500_101, 500_201, 700), 201, "").await;
    assert_eq!(again.body, first.body);
    let other = order("1001", KEY, 500_101, 500_201, 701);
    check(&house, other, 422, "transfer.key_reused").await;
    assert_eq!(cents(&house, 500_101).await, alice - 700);
    assert_eq!(cents(&house, 500_201).await, bob + 700);

    // Keys belong to their subject.
    check(&house, order("1002", KEY, 500_201, 500_101, 1), 201, "").await;

    let read = Call::new(
        "readTransfer",
        &format!("GET /transfers/{id}"),
        "1001",
        "north",
    );
    assert_eq!(check(&house, read, 200, "").await.body, first.body);
    let unknown = Call::new("readTransfer", "GET /transfers/999999", "1001", "north");
    check(&house, unknown, 404, "transfer.unknown").await;

    let events = house.end().await;
    let transfers: Vec<_> = events
        .iter()
        .filter(|event| event.kind == Kind::Transfer)
        .collect();
    assert_eq!(transfers.len(), 4);
    assert_eq!(transfers[0].outcome, Outcome::Allowed);
    assert_eq!(transfers[0].subject.as_deref(), Some("1001"));
    assert_eq!(transfers[0].controls[0].fact, "booked, two entries");
    assert_eq!(
        transfers[1].controls[0].fact,
        "booked before under the same key"
    );
    assert_eq!(transfers[2].denial.as_deref(), Some("transfer.key_reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_booked_is_not() {
    let house = Ground::sqlite().await.serve(Service::Payments).await;
    let before = ledger_balances(&house.ledger).await.unwrap();
    let savings = before.accounts[&500_102];
    let cases = [
        (
            order("1001", KEY, 500_102, 500_201, savings + 1),
            422,
            "transfer.insufficient_funds",
        ),
        (
            order("1001", KEY, 500_101, 999_999, 1),
            422,
            "transfer.destination_unknown",
        ),
        (
            order("1001", KEY, 500_101, 500_401, 1),
            422,
            "transfer.destination_unknown",
        ),
        (
            order("1001", KEY, 500_101, 500_101, 1),
            422,
            "transfer.same_account",
        ),
        (
            order("1001", KEY, 999_999, 500_201, 1),
            404,
            "account.unknown",
        ),
        (
            order("1001", KEY, 500_101, 500_201, 0),
            400,
            "contract.violated",
        ),
        (
            order("1001", KEY, 500_101, 500_201, -1),
            400,
            "contract.violated",
        ),
        (
            order("1001", KEY, 500_101, 500_201, 100_000_001),
            400,
            "contract.violated",
        ),
        (
            order("1001", "short", 500_101, 500_201, 1),
            400,
            "contract.violated",
        ),
        (
            order("1001", KEY, 500_101, 500_201, 1).without("idempotency-key"),
            400,
            "contract.violated",
        ),
        (
            order("1001", KEY, 500_101, 500_201, 1).without("content-type"),
            415,
            "contract.media_type",
        ),
    ];
    for (call, status, code) in cases {
        check(&house, call, status, code).await;
    }
    assert_eq!(ledger_balances(&house.ledger).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_byte_and_the_last_cent_count() {
    let house = Ground::sqlite().await.serve(Service::Payments).await;
    let before = ledger_balances(&house.ledger).await.unwrap();
    let savings = before.accounts[&500_102];
    let mut large = order("1001", KEY, 500_101, 500_201, 1);
    large.body.resize(4097, b' ');
    check(&house, large.clone(), 413, "body.too_large").await;
    assert_eq!(ledger_balances(&house.ledger).await.unwrap(), before);

    large.body.truncate(4096);
    check(&house, large, 201, "").await;
    let all = order("1001", "key-00000002", 500_102, 500_201, savings);
    check(&house, all, 201, "").await;
    assert_eq!(cents(&house, 500_102).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_at_once_books_once() {
    let house = Ground::sqlite().await.serve(Service::Payments).await;
    let before = cents(&house, 500_101).await;
    let (first, second, third, fourth) = tokio::join!(
        house.send(order("1001", KEY, 500_101, 500_201, 5)),
        house.send(order("1001", KEY, 500_101, 500_201, 5)),
        house.send(order("1001", KEY, 500_101, 500_201, 5)),
        house.send(order("1001", KEY, 500_101, 500_201, 5)),
    );
    assert_eq!(first.status, 201);
    assert!(
        [&second, &third, &fourth]
            .iter()
            .all(|said| said.body == first.body)
    );
    assert_eq!(cents(&house, 500_101).await, before - 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_balance_and_none_overdraws() {
    let house = std::sync::Arc::new(Ground::sqlite().await.serve(Service::Payments).await);
    crowd(&house, |call| call).await;
}

/// Fifty orders at once, back and forth, of which the savings can pay ten.
pub(crate) async fn crowd(house: &std::sync::Arc<House>, finished: impl Fn(Call) -> Call) {
    let before = ledger_balances(&house.ledger).await.unwrap();
    let tenth = before.accounts[&500_102] / 10;
    let mut sending = tokio::task::JoinSet::new();
    for index in 0..50_i64 {
        let key = format!("crowd-{index:08}");
        let call = match index % 5 {
            0 | 1 => order("1001", &key, 500_102, 500_201, tenth),
            2 => order("1002", &key, 500_201, 500_101, 3),
            3 => order("1001", &key, 500_101, 500_201, 3),
            _ => order("1001", &key, 500_101, 500_102, 1),
        };
        let (house, call) = (std::sync::Arc::clone(house), finished(call));
        sending.spawn(async move { (index % 5, house.send(call).await) });
    }
    let (mut booked, mut refused) = (0, 0);
    while let Some(sent) = sending.join_next().await {
        let (kind, said) = sent.unwrap();
        match said.status {
            201 => booked += 1,
            422 if kind < 2 => {
                assert_eq!(said.code(), "transfer.insufficient_funds");
                refused += 1;
            }
            _ => panic!("{said:?}"),
        }
    }
    assert_eq!((booked, refused), (40, 10), "the savings pay ten of twenty");
    let after = ledger_balances(&house.ledger).await.unwrap();
    assert_eq!(after.transfers, before.transfers + 40);
    assert_eq!(
        after.accounts[&500_201],
        before.accounts[&500_201] + 10 * tenth
    );
    assert_eq!(after.accounts[&500_101], before.accounts[&500_101] - 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_whose_record_fails_is_not_acknowledged() {
    let ground = Ground::sqlite().await;
    let (audit, _writer) =
        vauban_audit::Log::open(&ground.folder.path().join("audit"), "service-payments").unwrap();
    let setting = ground.setting(Service::Payments, audit.clone(), std::sync::Arc::default());
    let socket = setting.socket.clone();
    let opened = vauban_bank::open(Service::Payments, setting).await.unwrap();
    let (_stopper, stop) = vauban_net::stop_pair();
    let _serving = vauban_net::task::spawn("bank", opened.serve(stop));
    audit.close().await.unwrap();
    let said = crate::house::send(&socket, &order("1001", KEY, 500_101, 500_201, 5)).await;
    assert_eq!(
        (said.status, said.code().as_str()),
        (503, "audit.unavailable")
    );
}
