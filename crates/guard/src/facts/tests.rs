use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

use super::{PostgresFacts, SqliteFacts, Statement};
use crate::cedar::{Attribute, Kind, Shape};
use crate::parts::{Fact, ReadFacts as _, Row};

const TABLE: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_id INTEGER, tenant TEXT, weight REAL, label TEXT);
    INSERT INTO notes VALUES (500101, 1001, 'north', 1.5, NULL), (5, 1002, 'south', 2, 'x');
    CREATE TABLE folders (name TEXT, owner_id TEXT, tenant TEXT);
    INSERT INTO folders VALUES ('inbox', '1001', 'north'), ('0500101', '1002', 'north'), ('twice', 'a', 'b'), ('twice', 'c', 'd');
    CREATE TABLE long (id TEXT, owner TEXT, tenant TEXT);
    INSERT INTO long VALUES ('1024', printf('%.*c', 1024, 'a'), 't'), ('1025', printf('%.*c', 1025, 'a'), 't');";

const NOTE: &str = "SELECT owner_id AS owner, tenant FROM notes WHERE id = $1";

async fn database(dir: &TempDir, name: &str, sql: &'static str) -> std::path::PathBuf {
    let path = dir.path().join(name);
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
    path
}

fn shape(more: &[(&str, Kind, bool)]) -> Shape {
    let entity = |name: &str| Kind::Entity(name.parse().unwrap());
    let mut attributes = BTreeMap::from([
        (
            "owner".to_owned(),
            Attribute {
                kind: entity("User"),
                required: true,
            },
        ),
        (
            "tenant".to_owned(),
            Attribute {
                kind: entity("Tenant"),
                required: true,
            },
        ),
    ]);
    for (name, kind, required) in more {
        attributes.insert(
            (*name).to_owned(),
            Attribute {
                kind: kind.clone(),
                required: *required,
            },
        );
    }
    Shape { attributes }
}

fn facts(path: &Path, entity: &str, query: &str, shape: Shape) -> SqliteFacts {
    SqliteFacts::new(
        path.to_owned(),
        BTreeMap::from([(entity.to_owned(), Statement::new(query, shape))]),
    )
}

fn row(owner: Fact, tenant: &str) -> Row {
    Row {
        columns: BTreeMap::from([
            ("owner".to_owned(), owner),
            ("tenant".to_owned(), Fact::Text(tenant.to_owned())),
        ]),
    }
}

#[tokio::test]
async fn reads_the_row_of_one_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = database(&dir, "notes.db", TABLE).await;
    let notes = facts(&path, "Note", &format!("{NOTE};\n"), shape(&[]));
    assert_eq!(notes.prepare().await, Ok(()));
    assert_eq!(
        notes.read("Note", "500101").await,
        Ok(Some(row(Fact::Integer(1001), "north")))
    );
    assert_eq!(notes.read("Note", "7").await, Ok(None));
    assert_eq!(
        notes.read("Folder", "7").await.unwrap_err().to_string(),
        "no statement for `Folder`"
    );
    // The database itself would read these as 500101 and 5; the ids never come here (`object_id`).
    assert_eq!(
        notes.read("Note", "0500101").await,
        Ok(Some(row(Fact::Integer(1001), "north")))
    );
    let folders = facts(
        &path,
        "Folder",
        "SELECT owner_id AS owner, tenant FROM folders WHERE name = $1",
        shape(&[]),
    );
    assert_eq!(
        folders.read("Folder", "inbox").await,
        Ok(Some(row(Fact::Text("1001".to_owned()), "north")))
    );
    assert_eq!(folders.read("Folder", "500101").await, Ok(None));
    let twice = folders.read("Folder", "twice").await.unwrap_err();
    assert_eq!(
        twice.to_string(),
        "statement of `Folder` yields more than one row for one id"
    );
}

#[tokio::test]
async fn types_and_lengths_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = database(&dir, "notes.db", TABLE).await;
    let query = "SELECT owner_id AS owner, tenant, label, weight FROM notes WHERE id = $1";
    let real = facts(
        &path,
        "Note",
        query,
        shape(&[
            ("weight", Kind::Integer, true),
            ("label", Kind::Text, false),
        ]),
    );
    assert_eq!(real.prepare().await, Ok(()));
    let error = real.read("Note", "500101").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `weight` is REAL; only text and integers are facts"
    );
    let long = facts(
        &path,
        "Long",
        "SELECT owner, tenant FROM long WHERE id = $1",
        shape(&[]),
    );
    assert!(long.read("Long", "1024").await.unwrap().is_some());
    assert_eq!(
        long.read("Long", "1025").await.unwrap_err().to_string(),
        "column `owner` is longer than 1024 bytes"
    );
}

#[tokio::test]
async fn a_statement_that_does_not_hold_is_said_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = database(&dir, "notes.db", TABLE).await;
    let extra = shape(&[("bag", Kind::Other, false), ("weight", Kind::Integer, true)]);
    for (query, shape, expected) in [
        (
            "SELECT owner FROM nowhere WHERE id = $1",
            shape(&[]),
            "statement of `Note` does not prepare: ",
        ),
        (
            "DELETE FROM notes WHERE id = $1 RETURNING id",
            shape(&[]),
            "statement of `Note` does not prepare: ",
        ),
        (
            "SELECT 1 WHERE id = $1) AS facts; DROP TABLE notes; --",
            shape(&[]),
            "statement of `Note` does not prepare: ",
        ),
        (
            "SELECT owner_id AS owner, tenant FROM notes",
            shape(&[]),
            "statement of `Note` must have exactly one parameter, `$1`",
        ),
        (
            "SELECT owner_id AS owner, tenant FROM notes WHERE id = $1 AND tenant = $2",
            shape(&[]),
            "exactly one parameter",
        ),
        (
            "SELECT tenant FROM notes WHERE id = $1",
            shape(&[]),
            "statement of `Note` has no column `owner`, which the Cedar schema requires\nhint: select it `AS owner`",
        ),
        (
            "SELECT owner_id AS owner, tenant, label FROM notes WHERE id = $1",
            shape(&[]),
            "has a column `label` that the Cedar schema does not declare",
        ),
        (NOTE, extra.clone(), "has no column `weight`"),
        (
            "SELECT owner_id AS owner, tenant, 1 AS weight, 2 AS bag FROM notes WHERE id = $1",
            extra,
            "attribute `bag` is neither String, Long, Bool nor an entity",
        ),
    ] {
        let error = facts(&path, "Note", query, shape)
            .prepare()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(expected),
            "{query}: expected {expected:?} in {error:?}"
        );
    }
    let count = facts(
        &path,
        "Note",
        "SELECT count(*) AS owner, 'n' AS tenant FROM notes WHERE 1 = $1",
        shape(&[]),
    );
    assert_eq!(
        count.read("Note", "1").await,
        Ok(Some(row(Fact::Integer(0), "n"))),
        "an expression has no affinity"
    );
}

#[tokio::test]
async fn the_file_is_opened_read_only_and_only_while_it_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = database(&dir, "notes.db", TABLE).await;
    let notes = facts(&path, "Note", NOTE, shape(&[]));
    assert!(notes.read("Note", "5").await.unwrap().is_some());
    let write = notes
        .pool()
        .unwrap()
        .execute("DELETE FROM notes")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        write.contains("readonly") || write.contains("read-only") || write.contains("query_only"),
        "{write}"
    );

    std::fs::remove_file(&path).unwrap();
    let gone = notes.read("Note", "5").await.unwrap_err().to_string();
    assert!(
        gone.starts_with(&format!("cannot open `{}`: ", path.display())),
        "{gone}"
    );

    let other = database(
        &dir,
        "other.db",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_id INTEGER, tenant TEXT);
        INSERT INTO notes VALUES (5, 9, 'east');",
    )
    .await;
    std::fs::rename(other, &path).unwrap();
    assert_eq!(
        notes.read("Note", "5").await,
        Ok(Some(row(Fact::Integer(9), "east"))),
        "the file that stands there now"
    );
}

#[tokio::test]
async fn a_database_that_is_missing_is_said_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.db");
    let error = facts(&path, "Note", NOTE, shape(&[]))
        .prepare()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("cannot open `{}`: ", path.display())),
        "{error}"
    );
    assert!(!path.exists(), "it is not created");
    std::fs::write(&path, "this is no database, however long it may be").unwrap();
    let error = facts(&path, "Note", NOTE, shape(&[]))
        .prepare()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a database"), "{error}");
}

#[tokio::test]
async fn a_facts_url_that_does_not_hold_appears_in_no_error() {
    let error = PostgresFacts::new("mysql://facts:hunter2@db/bank", BTreeMap::new())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the facts URL is not `postgres://ROLE@HOST/DATABASE`"
    );
}
