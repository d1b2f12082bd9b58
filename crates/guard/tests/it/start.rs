//! A guard that lacks something refuses to start and says where.

use std::sync::Arc;

use vauban_guard::{FactsSource, Parts};
use vauban_net::{Socket, stop_pair};
use vauban_policy::Behind;
use vauban_secret::Secret;

use crate::house::{Site, execute};

/// Runs a guard that must refuse, and returns its words.
async fn refusal(site: Site) -> String {
    let parts = match Parts::shipped(&site.plan, &site.setting) {
        Ok(parts) => parts,
        Err(error) => return error.to_string(),
    };
    let socket = Socket::bind_tcp("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let (_stopper, stop) = stop_pair();
    let run = vauban_guard::run(
        Arc::clone(&site.plan),
        site.setting.clone(),
        parts,
        socket,
        stop,
    );
    run.await
        .expect_err("the guard must refuse to start")
        .to_string()
}

/// What a guard says when `from` is replaced by `to` in a file of the test data.
async fn replaced(file: &str, from: &str, to: &str) -> String {
    let change = |name: &str, text: String| {
        if name == file {
            assert!(text.contains(from), "{file} has no {from:?}");
            text.replace(from, to)
        } else {
            text
        }
    };
    refusal(Site::new(&change).await).await
}

#[track_caller]
fn check(said: &str, expected: &str) {
    assert!(said.contains(expected), "expected {expected:?} in {said:?}");
}

#[tokio::test]
async fn another_user() {
    // Nobody runs tests as this one.
    let socket = "socket: ";
    let said = replaced(
        "vauban.yaml",
        socket,
        "peer_uid: 4294967294\n      socket: ",
    )
    .await;
    check(
        &said,
        "service `notes` lets only the user `4294967294` connect (`peer_uid`), and this guard runs as ",
    );
    check(&said, "hint: run the guard as that user");
}

#[tokio::test]
async fn object_undeclared() {
    let rule = "      x-vauban-object: { entity: Folder, in: path, name: name, foreign: 403, evidence: stored }\n";
    let said = replaced("notes.yaml", rule, "").await;
    check(
        &said,
        "notes.yaml:56:5: operation `readFolder` of `notes` names an object (`name`) and has no rule for it",
    );
    check(&said, "hint: declare `x-vauban-object`");
}

#[tokio::test]
async fn cedar_that_does_not_validate() {
    let said = replaced(
        "notes.cedar",
        "resource.owner == principal && context",
        "resource.ownr == principal && context",
    )
    .await;
    check(
        &said,
        "notes.cedar:5:8: attribute `ownr` on entity type `Note` not found",
    );
    check(&said, "hint: did you mean `owner`?");
    let said = replaced("notes.cedarschema", "entity Folder {", "entity Folder").await;
    check(
        &said,
        "notes.cedarschema:20:3: error parsing schema: unexpected token",
    );
}

#[tokio::test]
async fn no_permit_for_an_operation() {
    let said = replaced(
        "notes.cedar",
        "[Action::\"readNote\", Action::\"moveNote\"]",
        "[Action::\"readNote\"]",
    )
    .await;
    check(
        &said,
        "notes.yaml:41:5: `notes.cedar` has no permit for action `moveNote` on `Note`, which operation `moveNote` needs",
    );
}

#[tokio::test]
async fn statement_missing_or_wrong() {
    let statement = "Folder: \"SELECT owner_id AS owner, tenant FROM folders WHERE name = $1\"";
    let said = replaced("vauban.yaml", "FROM folders", "FROM drawers").await;
    check(
        &said,
        "facts of `notes`: statement of `Folder` does not prepare: ",
    );
    check(&said, "no such table: drawers");
    let said = replaced(
        "vauban.yaml",
        statement,
        "Folder: \"SELECT tenant FROM folders WHERE name = $1\"",
    )
    .await;
    check(
        &said,
        "statement of `Folder` has no column `owner`, which the Cedar schema requires",
    );
    let said = replaced(
        "vauban.yaml",
        statement,
        &format!("{statement}\n          Drawer: \"SELECT 1 AS owner WHERE 1 = $1\""),
    )
    .await;
    check(
        &said,
        "vauban.yaml:34:11: `notes.cedarschema` declares no entity `Drawer`, which has a statement",
    );
}

#[tokio::test]
async fn statement_missing_for_an_entity() {
    // Loading a plan finds this; the guard does not rely on it.
    let mut site = Site::new(&crate::house::unchanged).await;
    let plan = Arc::get_mut(&mut site.plan).unwrap();
    let Behind::Guard(guard) = &mut plan.services[0].behind else {
        panic!("notes has a guard");
    };
    guard.facts.objects.remove("Folder").unwrap();
    check(
        &refusal(site).await,
        "notes.yaml:56:5: operation `readFolder` asks for a `Folder`, and `guard.facts.objects` of `notes` has no statement for it",
    );
}

#[tokio::test]
async fn facts_database_missing() {
    let site = Site::new(&crate::house::unchanged).await;
    let path = site.dir.path().join("notes.db");
    std::fs::remove_file(&path).unwrap();
    check(
        &refusal(site).await,
        &format!("facts of `notes`: cannot open `{}`: ", path.display()),
    );
    let mut site = Site::new(&crate::house::unchanged).await;
    site.setting.facts =
        FactsSource::Postgres(Secret::from("postgres://facts:hunter2@127.0.0.1:1/bank"));
    let said = refusal(site).await;
    check(&said, "facts of `notes`: ");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn budget_that_a_guard_cannot_count() {
    let mut site = Site::new(&crate::house::unchanged).await;
    let plan = Arc::get_mut(&mut site.plan).unwrap();
    plan.limits.budgets[0].key = vauban_policy::BudgetKey::Ip;
    check(
        &refusal(site).await,
        "budget `moves` at guard `notes`: a guard does not see the client's address",
    );
}

#[tokio::test]
async fn context_key_that_is_no_key() {
    let mut site = Site::new(&crate::house::unchanged).await;
    site.setting.context_key = Some(Secret::from("hunter2"));
    let said = refusal(site).await;
    check(&said, "context key of `notes`: not 64 hexadecimal digits");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn service_that_is_not_there_or_has_no_guard() {
    let mut site = Site::new(&crate::house::unchanged).await;
    site.setting.service = "letters".to_owned();
    check(&refusal(site).await, "the plan has no service `letters`");
}

#[tokio::test]
async fn everything_in_place_starts() {
    let mut site = Site::new(&crate::house::unchanged).await;
    execute(
        &site.dir.path().join("notes.db"),
        "PRAGMA journal_mode = WAL",
    )
    .await;
    site.setting.context_key = Some(Secret::from("0f".repeat(32)));
    let house = site.run().await;
    assert_eq!(house.get("/notes/500101").await.status, 200);
}
