use std::collections::BTreeMap;
use std::path::PathBuf;

use cedar_policy::EntityTypeName;
use vauban_policy::{
    Behind, Document, Evidence, Facts, FactsDatabase, Foreign, GuardPlan, Locate, ObjectRule,
    Operation, Ownership, PathTemplate, Service, TextFile,
};

use super::{CedarOwner, Kind, load};
use crate::parts::{
    Answering, Asking, ClaimedOwner, Fact, FactsError, JudgeOwner as _, NamedObject, Question,
    ReadFacts, Row, Verdict,
};

const POLICY: &str = include_str!("../../tests/data/notes.cedar");
const SCHEMA: &str = include_str!("../../tests/data/notes.cedarschema");

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

fn service(operations: Vec<Operation>, policy: &str, schema: &str) -> (Service, GuardPlan) {
    let text = |name: &str, text: &str| TextFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let plan = || GuardPlan {
        listener: "notes-guard".to_owned(),
        socket: PathBuf::from("run/notes.sock"),
        peer_uid: None,
        cedar_policy: text("cedar/notes.cedar", policy),
        cedar_schema: text("cedar/notes.cedarschema", schema),
        facts: Facts {
            database: FactsDatabase::Sqlite(PathBuf::from("data/notes.db")),
            objects: BTreeMap::new(),
        },
        context_key: None,
    };
    let document = Document {
        file: "notes.yaml".to_owned(),
        title: "Notes".to_owned(),
        version: "1".to_owned(),
        operations,
    };
    let service = Service {
        name: "notes".to_owned(),
        zone: "core".to_owned(),
        document,
        behind: Behind::Guard(Box::new(plan())),
    };
    (service, plan())
}

fn operation(action: &str, ownership: Ownership) -> Operation {
    Operation {
        id: action.to_owned(),
        method: "GET".to_owned(),
        path: PathTemplate::parse("/x/{id}").unwrap(),
        parameters: Vec::new(),
        body: None,
        action: action.to_owned(),
        ownership,
        unbound: Vec::new(),
        answers: Vec::new(),
        effect_safe: true,
    }
}

fn object(entity: &str) -> Ownership {
    Ownership::Object(ObjectRule {
        entity: entity.to_owned(),
        locate: Locate::Path("id".to_owned()),
        evidence: Evidence::Stored,
        foreign: Foreign::NotFound,
    })
}

fn owner() -> CedarOwner {
    let (service, guard) = service(Vec::new(), POLICY, SCHEMA);
    load(&service, &guard).unwrap()
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

#[tokio::test]
async fn decides_on_the_stored_row() {
    for (asker, action, entity, id, expected) in [
        (
            &ALICE,
            "readNote",
            "Note",
            "1",
            Verdict::Allowed("Note 1, stored row: owner 1001, tenant north; own-note".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "8",
            Verdict::Allowed("Note 8, stored row: owner 1001, tenant north; own-note".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "2",
            Verdict::Foreign("Note 2, stored row: owner 1002, tenant north; no permit".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "3",
            Verdict::Foreign(
                "Note 3, stored row: owner 1001, tenant south; tenant-wall-note".into(),
            ),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "4",
            Verdict::Foreign("Note 4, stored row: owner 1001, tenant north; sealed".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "9",
            Verdict::Foreign("no Note 9 is stored".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "01",
            Verdict::Foreign("Note: id is a number that is not written canonically".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "x",
            Verdict::Foreign("Note: id is a number that is not written canonically".into()),
        ),
        (
            &ALICE,
            "readNote",
            "Note",
            "13",
            Verdict::Unavailable("no disk".into()),
        ),
        (
            &ALICE,
            "readFolder",
            "Folder",
            "inbox",
            Verdict::Foreign(
                "Folder inbox, stored row: owner 1002, tenant north; no permit".into(),
            ),
        ),
        (
            &CAROL,
            "readFolder",
            "Folder",
            "inbox",
            Verdict::Allowed(
                "Folder inbox, stored row: owner 1002, tenant north; administrator-reads-folders"
                    .into(),
            ),
        ),
        (
            &ERIN,
            "readFolder",
            "Folder",
            "inbox",
            Verdict::Foreign(
                "Folder inbox, stored row: owner 1002, tenant north; tenant-wall-folder".into(),
            ),
        ),
    ] {
        assert_eq!(ask(asker, action, named(entity, id)).await, expected);
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
                assert!(fact.contains(why), "{action} {entity} {id}: {fact}")
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

#[track_caller]
fn check_start(operations: Vec<Operation>, policy: &str, schema: &str, expected: &str) {
    let (service, guard) = service(operations, policy, schema);
    let error = load(&service, &guard).unwrap_err().to_string();
    assert!(
        error.contains(expected),
        "expected {expected:?} in {error:?}"
    );
}

#[test]
fn a_policy_that_does_not_hold_stops_the_start() {
    check_start(vec![], POLICY, "entity User", "`cedar/notes.cedarschema`: ");
    check_start(vec![], "permit (principal", SCHEMA, "`cedar/notes.cedar`: ");
    check_start(
        vec![],
        &POLICY.replace("resource.owner ==", "resource.ownr =="),
        SCHEMA,
        "attribute `ownr`",
    );
    check_start(
        vec![],
        &POLICY
            .replace("\"own-folder\"", "\"x\"")
            .replace("readFolder", "readFoldr"),
        SCHEMA,
        "readFoldr",
    );
    check_start(
        vec![],
        "permit (principal == ?principal, action, resource);",
        SCHEMA,
        "`cedar/notes.cedar`: a policy has slots",
    );
    let unsafe_access =
        "permit (principal, action == Action::\"readNote\", resource) when { resource.sealed };";
    check_start(vec![], unsafe_access, SCHEMA, "`sealed`");
}

#[test]
fn an_operation_that_nobody_may_ever_use_stops_the_start() {
    check_start(
        vec![operation("burnNote", object("Note"))],
        POLICY,
        SCHEMA,
        "action `burnNote` does not apply to `Note`, which operation `burnNote` needs",
    );
    check_start(
        vec![operation("readNote", object("Folder"))],
        POLICY,
        SCHEMA,
        "does not apply to `Folder`",
    );
    check_start(
        vec![operation("moveNote", object("Note"))],
        &POLICY.replace(", Action::\"moveNote\"", ""),
        SCHEMA,
        "`cedar/notes.cedar` has no permit for action `moveNote` on `Note`, which operation `moveNote` needs",
    );
    check_start(
        vec![operation("listNotes", Ownership::NoObject)],
        &POLICY
            .replace(
                "\"listNotes\", resource == Service::\"notes\"",
                "\"readNote\", resource is Note",
            )
            .replace("resource.zone == Zone::\"core\" && ", ""),
        SCHEMA,
        "has no permit for action `listNotes` on `Service`",
    );
    let fine = vec![
        operation("readNote", object("Note")),
        operation("listNotes", Ownership::NoObject),
    ];
    let (service, guard) = service(fine, POLICY, SCHEMA);
    assert!(load(&service, &guard).is_ok());
}
