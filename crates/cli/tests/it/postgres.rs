//! The demo on a real PostgreSQL: the data line stands, and says so.

use crate::house::{House, text};

#[test]
fn the_bank_on_postgresql_answers_alike_and_has_its_data_line() {
    let Some(server) = vauban_testkit::postgres::Cluster::start().unwrap() else {
        return;
    };
    let url = server.database("bank").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let house = House::with(
        &state,
        &["--postgres", "env:BANK_ADMINISTRATOR"],
        &[("BANK_ADMINISTRATOR", &url)],
    );
    let token = house.login("alice").access;
    assert_eq!(house.get("/accounts/500101/statements", &token).status, 200);
    let foreign = house.get("/accounts/500201/statements", &token);
    assert_eq!(
        (foreign.status, foreign.code()),
        (404, "object.foreign_hidden".to_owned())
    );
    assert_eq!(house.get("/api/v1/user/profile/1002", &token).status, 403);
    let carol = house.login("carol").access;
    assert_eq!(house.get("/api/v1/user/profile/1001", &carol).status, 200);
    assert_eq!(house.get("/api/v1/user/profile/1004", &carol).status, 403);
    let booked = house.transfer(&token, "postgres-key-1", 500_101, 500_201, 25);
    assert_eq!(booked.status, 201, "{booked:?}");
    let again = house.transfer(&token, "postgres-key-1", 500_101, 500_201, 25);
    assert_eq!(again.json(), booked.json());
    let output = house.vauban(&["explain", booked.decision()]);
    let said = text(&output);
    assert!(
        said.contains("data.rls") && !said.contains("absent"),
        "{said}"
    );
}
