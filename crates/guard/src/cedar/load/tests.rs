use std::collections::BTreeMap;
use std::path::PathBuf;

use vauban_policy::{
    Behind, Document, Evidence, FactStatement, Facts, FactsDatabase, Foreign, GuardPlan, Locate,
    ObjectRule, Operation, Ownership, PathTemplate, Service, Spot, TextFile,
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
        spot: Spot { line: 7, column: 5 },
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

/// Everything that is said, in the order in which it is found.
fn said(operations: Vec<Operation>, policy: &str, schema: &str) -> Vec<String> {
    let (service, guard) = service(operations, policy, schema);
    let mistakes = load("vauban.yaml", &service, &guard)
        .err()
        .unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(policy: &str, schema: &str, expected: &[&str]) {
    assert_eq!(said(vec![], policy, schema), expected);
}

#[test]
fn a_text_that_cedar_cannot_read_is_refused_where_it_breaks_off() {
    check(
        POLICY,
        "entity User;\nentity Role\n",
        &[
            "cedar/notes.cedarschema:2:12: error parsing schema: unexpected end of input\n  \
             hint: expected `,`, `;`, `=`, `{`, `enum`, `in`, or `tags`",
        ],
    );
    check(
        POLICY,
        "entity User in [Rle];",
        &[
            "cedar/notes.cedarschema:1:17: failed to resolve type: Rle\n  \
             hint: `Rle` has not been declared as an entity type",
        ],
    );
    check(
        POLICY,
        &format!("{SCHEMA}type decimal = Long;"),
        &[
            "cedar/notes.cedarschema:50:6: The name `decimal` shadows a builtin Cedar name. You'll have to refer to the builtin as `__cedar::decimal`.\n  \
             hint: a schema declares `entity User in [Role] { tenant: Tenant };` and `action readNote appliesTo { principal: User, resource: Note, context: { … } };`",
        ],
    );
    check(
        "// é\npermit (princ, action, resource);\nforbid (principal, action, resourc);",
        "entity ;",
        &[
            "cedar/notes.cedarschema:1:8: error parsing schema: unexpected token `;`\n  \
             hint: expected identifier",
            "cedar/notes.cedar:2:9: found an invalid variable in the policy scope: princ\n  \
             hint: policy scopes must contain a `principal`, `action`, and `resource` element in that order",
            "cedar/notes.cedar:3:28: found an invalid variable in the policy scope: resourc\n  \
             hint: policy scopes must contain a `principal`, `action`, and `resource` element in that order",
        ],
    );
    check(
        "#",
        SCHEMA,
        &["cedar/notes.cedar:1:1: invalid token\n  \
             hint: a policy reads `permit (principal is User, action == Action::\"…\", resource is …) when { … };`"],
    );
}

#[test]
fn a_policy_that_does_not_hold_is_refused_where_it_does_not() {
    check(
        &POLICY
            .replacen("resource.owner ==", "resource.ownr ==", 1)
            .replace("\"own-folder\"", "\"x\"")
            .replacen("readFolder", "readFoldr", 1),
        SCHEMA,
        &[
            "cedar/notes.cedar:5:8: attribute `ownr` on entity type `Note` not found\n  hint: did you mean `owner`?",
            "cedar/notes.cedar:8:38: unrecognized action `Action::\"readFoldr\"`\n  hint: did you mean `Action::\"readFolder\"`?",
        ],
    );
    check(
        "permit (principal == ?principal, action, resource == ?resource);",
        SCHEMA,
        &[
            "cedar/notes.cedar:1:22: a policy has slots (`?principal`, `?resource`), and nothing links them\n  hint: write it out",
            "cedar/notes.cedar:1:54: a policy has slots (`?principal`, `?resource`), and nothing links them\n  hint: write it out",
        ],
    );
    check(
        "permit (principal, action == Action::\"readNote\", resource) when { resource.sealed };",
        SCHEMA,
        &[
            "cedar/notes.cedar:1:67: unable to guarantee safety of access to optional attribute `sealed` on entity type `Note`\n  \
             hint: try testing for the attribute's presence with `e has sealed && ..`",
        ],
    );
}

#[test]
fn a_policy_that_never_applies_is_told_once() {
    check(
        "\n  permit (principal, action == Action::\"readNote\", resource is Folder);",
        SCHEMA,
        &[
            "cedar/notes.cedar:2:3: unable to find an applicable action given the policy scope constraints\n  \
             hint: mend its scope or its condition, or remove it",
        ],
    );
    check(
        "permit (principal, action == Action::\"readNote\", resource) when { false };",
        SCHEMA,
        &[
            "cedar/notes.cedar:1:1: policy is impossible: the policy expression evaluates to false for all valid requests\n  \
             hint: mend its scope or its condition, or remove it",
        ],
    );
}

#[track_caller]
fn check_operation(operation: Operation, policy: &str, schema: &str, expected: &[&str]) {
    assert_eq!(said(vec![operation], policy, schema), expected);
}

#[test]
fn an_operation_that_nobody_may_ever_use_is_refused_where_it_stands() {
    check_operation(
        operation("burnNote", object("Note")),
        POLICY,
        SCHEMA,
        &[
            "notes.yaml:7:5: `cedar/notes.cedarschema`: action `burnNote` does not apply to `Note`, which operation `burnNote` needs\n  \
             hint: declare `action burnNote appliesTo { principal: [User], resource: [Note], … };`",
        ],
    );
    check_operation(
        operation("readNote", object("Folder")),
        POLICY,
        SCHEMA,
        &[
            "notes.yaml:7:5: `cedar/notes.cedarschema`: action `readNote` does not apply to `Folder`, which operation `readNote` needs\n  \
             hint: declare `action readNote appliesTo { principal: [User], resource: [Folder], … };`",
        ],
    );
    check_operation(
        operation("nobodysNote", object("Note")),
        POLICY,
        &format!("{SCHEMA}action nobodysNote appliesTo {{ principal: Role, resource: Note }};"),
        &[
            "notes.yaml:7:5: `cedar/notes.cedarschema`: action `nobodysNote` does not apply to `User`, which operation `nobodysNote` needs\n  \
             hint: declare `action nobodysNote appliesTo { principal: [User], resource: [Note], … };`",
        ],
    );
    check_operation(
        operation("moveNote", object("Note")),
        &POLICY.replace(", Action::\"moveNote\"", ""),
        SCHEMA,
        &[
            "notes.yaml:7:5: `cedar/notes.cedar` has no permit for action `moveNote` on `Note`, which operation `moveNote` needs\n  \
             hint: write the permit, or remove the operation from the service's document",
        ],
    );
    check_operation(
        operation("listNotes", Ownership::NoObject),
        &POLICY
            .replace(
                "\"listNotes\", resource == Service::\"notes\"",
                "\"readNote\", resource is Note",
            )
            .replace("resource.zone == Zone::\"core\" && ", ""),
        SCHEMA,
        &[
            "notes.yaml:7:5: `cedar/notes.cedar` has no permit for action `listNotes` on `Service`, which operation `listNotes` needs\n  \
             hint: write the permit, or remove the operation from the service's document",
        ],
    );
    let fine = vec![
        operation("readNote", object("Note")),
        operation("listNotes", Ownership::NoObject),
    ];
    assert_eq!(said(fine, POLICY, SCHEMA), [""; 0]);
}

#[test]
fn a_mistaken_permit_is_not_missing_as_well() {
    for (action, entity, from, to, place) in [
        ("moveNote", "Note", "owner ==", "ownr ==", "5:8: "),
        (
            "readFolder",
            "Folder",
            "resource.owner == principal }",
            "1 }",
            "9:8: ",
        ),
    ] {
        let policy = POLICY
            .replace(
                "@id(\"administrator-reads-folders\")\npermit",
                "@id(\"x\")\nforbid",
            )
            .replacen(from, to, 1);
        let said = said(vec![operation(action, object(entity))], &policy, SCHEMA);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(&format!("cedar/notes.cedar:{place}")),
            "{said:?}"
        );
    }
}

#[test]
fn a_statement_for_what_the_schema_lacks_is_refused_where_it_stands() {
    let (service, mut guard) = service(vec![], POLICY, SCHEMA);
    for (line, entity) in [(31, "Drawer"), (32, "Note")] {
        let statement = FactStatement {
            text: "SELECT 1 AS owner WHERE 1 = $1".to_owned(),
            spot: Spot { line, column: 11 },
        };
        guard.facts.objects.insert(entity.to_owned(), statement);
    }
    let mistakes = load("etc/vauban.yaml", &service, &guard).unwrap_err();
    assert_eq!(
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "etc/vauban.yaml:31:11: `cedar/notes.cedarschema` declares no entity `Drawer`, which has a statement\n  \
             hint: remove the statement, or declare the entity"
        ]
    );
}
