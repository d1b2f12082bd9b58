use std::collections::BTreeMap;

use cedar_policy::EntityTypeName;

use super::load::tests::{POLICY, SCHEMA, service};
use super::{CedarOwner, Kind, load};
use crate::parts::{
    Answering, Asking, ClaimedOwner, Fact, FactsError, JudgeOwner as _, NamedObject, Question,
    ReadFacts, Row, Verdict,
};

/// Facts in a map, keyed `Entity/id`; `Note/13` cannot be read.
#[derive(Debug)]
struct Stored(BTreeMap<&'static str, Row>);

impl ReadFacts for Stored {
    fn prepare(&self) -> Answering<'_, Result<(), FactsError>> {
        Box::pin(async { Ok(()) })
    }

    fn read<'a>(
        &'a self,
        entity: &'a str,
        id: &'a str,
    ) -> Answering<'a, Result<Option<Row>, FactsError>> {
        Box::pin(async move {
            if id == "13" {
                return Err(FactsError("no disk".to_owned()));
            }
            Ok(self.0.get(format!("{entity}/{id}").as_str()).cloned())
        })
    }
}

fn row(columns: &[(&str, Fact)]) -> Row {
    Row {
        columns: columns
            .iter()
            .map(|(name, fact)| ((*name).to_owned(), fact.clone()))
            .collect(),
    }
}

fn note(owner: &str, tenant: &str, weight: i64, more: &[(&str, Fact)]) -> Row {
    let mut columns = vec![
        ("owner", Fact::Text(owner.to_owned())),
        ("tenant", Fact::Text(tenant.to_owned())),
        ("weight", Fact::Integer(weight)),
    ];
    columns.extend(more.iter().cloned());
    row(&columns)
}

fn stored() -> Stored {
    Stored(BTreeMap::from([
        (
            "Note/1",
            note(
                "1001",
                "north",
                1,
                &[
                    ("label", Fact::Text("a".to_owned())),
                    ("sealed", Fact::Integer(0)),
                ],
            ),
        ),
        (
            "Note/2",
            note(
                "1002",
                "north",
                1,
                &[("label", Fact::Null), ("sealed", Fact::Null)],
            ),
        ),
        ("Note/3", note("1001", "south", 1, &[])),
        (
            "Note/4",
            note("1001", "north", 1, &[("sealed", Fact::Integer(1))]),
        ),
        (
            "Note/5",
            note("1001", "north", 5, &[("sealed", Fact::Integer(2))]),
        ),
        (
            "Note/6",
            note("1001", "north", 1, &[("colour", Fact::Integer(2))]),
        ),
        (
            "Note/7",
            row(&[
                ("owner", Fact::Null),
                ("tenant", Fact::Text("north".to_owned())),
                ("weight", Fact::Integer(1)),
            ]),
        ),
        (
            "Note/8",
            row(&[
                ("owner", Fact::Integer(1001)),
                ("tenant", Fact::Text("north".to_owned())),
                ("weight", Fact::Integer(1)),
            ]),
        ),
        (
            "Folder/inbox",
            row(&[
                ("owner", Fact::Text("1002".to_owned())),
                ("tenant", Fact::Text("north".to_owned())),
            ]),
        ),
    ]))
}

fn owner() -> CedarOwner {
    let (service, guard) = service(Vec::new(), POLICY, SCHEMA);
    load("vauban.yaml", &service, &guard).unwrap()
}

struct Asker {
    subject: &'static str,
    tenant: &'static str,
    roles: &'static [&'static str],
    permissions: &'static [&'static str],
}

const ALICE: Asker = Asker {
    subject: "1001",
    tenant: "north",
    roles: &["user"],
    permissions: &["notes"],
};
const CAROL: Asker = Asker {
    subject: "1003",
    tenant: "north",
    roles: &["admin"],
    permissions: &["notes"],
};
const ERIN: Asker = Asker {
    subject: "1005",
    tenant: "south",
    roles: &["admin"],
    permissions: &["notes"],
};

async fn ask(asker: &Asker, action: &str, about: Asking<'_>) -> Verdict {
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let (roles, permissions) = (texts(asker.roles), texts(asker.permissions));
    let question = Question {
        subject: asker.subject,
        tenant: asker.tenant,
        roles: &roles,
        permissions: &permissions,
        caller: "spiffe://notes.internal/line/edge",
        action,
        about,
    };
    owner().judge(&question, &stored()).await
}

fn named<'a>(entity: &'a str, id: &str) -> Asking<'a> {
    Asking::Object(NamedObject {
        entity,
        id: Some(id.to_owned()),
        integer: entity == "Note",
        claimed_owner: None,
    })
}

/// Expects `allowed` or `foreign` with its fact.
async fn check(asker: &Asker, action: &str, entity: &str, id: &str, expected: &str) {
    let said = match ask(asker, action, named(entity, id)).await {
        Verdict::Allowed(fact) => format!("allowed: {fact}"),
        Verdict::Foreign(fact) => format!("foreign: {fact}"),
        Verdict::Undecided(fact) => format!("undecided: {fact}"),
        Verdict::Unavailable(fact) => format!("unavailable: {fact}"),
    };
    assert_eq!(said, expected, "{action} {entity} {id}");
}

#[tokio::test]
async fn decides_on_the_stored_row() {
    for (id, expected) in [
        (
            "1",
            "allowed: Note 1, stored row: owner 1001, tenant north; own-note",
        ),
        (
            "8",
            "allowed: Note 8, stored row: owner 1001, tenant north; own-note",
        ),
        (
            "2",
            "foreign: Note 2, stored row: owner 1002, tenant north; no permit",
        ),
        (
            "3",
            "foreign: Note 3, stored row: owner 1001, tenant south; tenant-wall-note",
        ),
        (
            "4",
            "foreign: Note 4, stored row: owner 1001, tenant north; sealed",
        ),
        ("9", "foreign: no Note 9 is stored"),
        (
            "01",
            "foreign: Note: id is a number that is not written canonically",
        ),
        (
            "x",
            "foreign: Note: id is a number that is not written canonically",
        ),
        ("13", "unavailable: no disk"),
    ] {
        check(&ALICE, "readNote", "Note", id, expected).await;
    }
}

#[tokio::test]
async fn an_administrator_reads_inside_the_tenant() {
    let inbox = "Folder inbox, stored row: owner 1002, tenant north";
    for (asker, expected) in [
        (&ALICE, format!("foreign: {inbox}; no permit")),
        (
            &CAROL,
            format!("allowed: {inbox}; administrator-reads-folders"),
        ),
        (&ERIN, format!("foreign: {inbox}; tenant-wall-folder")),
    ] {
        check(asker, "readFolder", "Folder", "inbox", &expected).await;
    }
}

#[tokio::test]
async fn what_cannot_be_asked_without_error_is_undecided() {
    for (action, entity, id, why) in [
        ("weighNote", "Note", "1", "policy errors: "),
        (
            "readNote",
            "Note",
            "5",
            "`sealed`: the stored value is not of the schema's type",
        ),
        (
            "readNote",
            "Note",
            "6",
            "the schema has no attribute `colour` of `Note`",
        ),
        ("readNote", "Note", "7", "cannot be asked: "),
        ("readFolder", "Note", "1", "cannot be asked: "),
        ("burnNote", "Note", "1", "cannot be asked: "),
    ] {
        match ask(&ALICE, action, named(entity, id)).await {
            Verdict::Undecided(fact) => {
                assert!(fact.contains(why), "{action} {entity} {id}: {fact}");
            }
            other @ (Verdict::Allowed(_) | Verdict::Foreign(_) | Verdict::Unavailable(_)) => {
                panic!("{action} {entity} {id}: {other:?}")
            }
        }
    }
}

#[tokio::test]
async fn an_operation_without_object_asks_about_the_service() {
    let about = |zone| Asking::Service {
        name: "notes",
        zone,
    };
    let allowed = ask(&ALICE, "listNotes", about("core")).await;
    assert_eq!(
        allowed,
        Verdict::Allowed("service notes in zone core; list-notes".into())
    );
    let elsewhere = ask(&ALICE, "listNotes", about("quarantine")).await;
    assert_eq!(
        elsewhere,
        Verdict::Foreign("service notes in zone quarantine; no permit".into())
    );
    let administrator = ask(&CAROL, "listNotes", about("core")).await;
    assert_eq!(
        administrator,
        Verdict::Foreign("service notes in zone core; no permit".into())
    );
}

#[tokio::test]
async fn a_claimed_owner_replaces_only_the_owner() {
    let about = |id: &str, owner: Option<&str>| {
        let claimed_owner = Some(ClaimedOwner {
            header: "X-Owner".into(),
            owner: owner.map(str::to_owned),
        });
        Asking::Object(NamedObject {
            entity: "Note",
            id: Some(id.to_owned()),
            integer: true,
            claimed_owner,
        })
    };
    let believed = ask(&ALICE, "readNote", about("2", Some("1001"))).await;
    assert_eq!(
        believed,
        Verdict::Allowed("Note 2, header `X-Owner`: owner 1001, tenant north; own-note".into())
    );
    let own = ask(&ALICE, "readNote", about("1", Some("1002"))).await;
    assert_eq!(
        own,
        Verdict::Foreign("Note 1, header `X-Owner`: owner 1002, tenant north; no permit".into())
    );
    let missing = ask(&ALICE, "readNote", about("1", None)).await;
    assert_eq!(
        missing,
        Verdict::Foreign("header `X-Owner` does not name one owner".into())
    );
    let tenant = ask(&ALICE, "readNote", about("3", Some("1001"))).await;
    assert!(matches!(tenant, Verdict::Foreign(_)), "{tenant:?}");
}

#[test]
fn shapes_follow_the_schema() {
    let owner = owner();
    let note = &owner.shapes()["Note"].attributes;
    let entity = |name: &str| Kind::Entity(name.parse::<EntityTypeName>().unwrap());
    for (name, kind, required) in [
        ("owner", entity("User"), true),
        ("tenant", entity("Tenant"), true),
        ("weight", Kind::Integer, true),
        ("label", Kind::Text, false),
        ("sealed", Kind::Boolean, false),
    ] {
        assert_eq!(
            (&note[name].kind, note[name].required),
            (&kind, required),
            "{name}"
        );
    }
}
