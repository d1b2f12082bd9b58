use std::collections::BTreeMap;
use std::path::PathBuf;

use vauban_policy::{
    Behind, Document, Evidence, Facts, FactsDatabase, Foreign, GuardPlan, Locate, ObjectRule,
    Operation, Ownership, PathTemplate, Service, TextFile,
};

use super::load;

pub(in crate::cedar) const POLICY: &str = include_str!("../../../tests/data/notes.cedar");
pub(in crate::cedar) const SCHEMA: &str = include_str!("../../../tests/data/notes.cedarschema");

pub(in crate::cedar) fn service(
    operations: Vec<Operation>,
    policy: &str,
    schema: &str,
) -> (Service, GuardPlan) {
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
