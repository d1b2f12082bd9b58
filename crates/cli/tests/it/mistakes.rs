//! What only a starting guard used to find is a mistake of the configuration: it has a place, and nothing is made or started.

use std::path::Path;

use crate::house::{text, vauban};

/// A copy of the bank's plan with the files beside it, after `edits` (file, from, to).
pub(crate) fn bank(folder: &Path, edits: &[(&str, &str, &str)]) -> String {
    let bank = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../bank"));
    let mut files = vec!["vauban.yaml".to_owned()];
    for kind in ["openapi", "cedar"] {
        std::fs::create_dir_all(folder.join(kind)).unwrap();
        for entry in std::fs::read_dir(bank.join(kind)).unwrap() {
            let name = entry.unwrap().file_name();
            files.push(format!("{kind}/{}", name.to_str().unwrap()));
        }
    }
    for file in &files {
        let mut text = std::fs::read_to_string(bank.join(file)).unwrap();
        for (_, from, to) in edits.iter().filter(|(name, ..)| name == file) {
            assert!(text.contains(from), "the bank's `{file}` has no `{from}`");
            text = text.replace(from, to);
        }
        std::fs::write(folder.join(file), text).unwrap();
    }
    folder.join("vauban.yaml").to_str().unwrap().to_owned()
}

/// Expects exactly these words and exit 2 of each command, and no state directory. `PLAN` stands for the plan's path.
#[track_caller]
fn refused(commands: &[&[&str]], edits: &[(&str, &str, &str)], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let plan = bank(folder.path(), edits);
    let state = folder.path().join("state");
    for command in commands {
        let arguments: Vec<&str> = command
            .iter()
            .map(|argument| match *argument {
                "PLAN" => plan.as_str(),
                "FOLDER" => folder.path().to_str().unwrap(),
                "STATE" => state.to_str().unwrap(),
                other => other,
            })
            .collect();
        let output = vauban(&arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert_eq!(
            said.trim_end(),
            expected.replace("PLAN", &plan),
            "{command:?}"
        );
        assert!(!state.exists(), "{command:?} has made a state directory");
    }
}

const RUN: &[&str] = &["run", "-c", "PLAN", "--state", "STATE"];
const LINE: &[&str] = &[
    "run",
    "-c",
    "PLAN",
    "--state",
    "STATE",
    "--line",
    "guard:images",
];
const DEMO: &[&str] = &["demo", "--once", "--plan", "FOLDER", "--state", "STATE"];
const RUNNING: &[&[&str]] = &[RUN, LINE, DEMO];
const ALL: &[&[&str]] = &[&["check", "-c", "PLAN"], RUN, LINE, DEMO];

#[test]
fn cedar_that_cannot_be_read() {
    refused(
        ALL,
        &[
            (
                "cedar/bank.cedar",
                "when { resource.owner == principal && context.permissions.contains(\"read:profile\") };",
                "when { resource.owner == principal && };",
            ),
            ("cedar/bank.cedarschema", "entity Tenant;", "entity Tenant"),
        ],
        "cedar/bank.cedar:5:39: unexpected token `}`\n  hint: expected `!`, `(`, `-`, `[`, `{`, `false`, identifier, `if`, number, `?principal`, `?resource`, string literal, or `true`\n\
         cedar/bank.cedarschema:5:1: error parsing schema: unexpected token `entity`\n  hint: expected `,`, `;`, `=`, `{`, `enum`, `in`, or `tags`",
    );
}

#[test]
fn a_wrong_type_in_a_policy() {
    refused(
        ALL,
        &[(
            "cedar/bank.cedar",
            "resource.owner == principal && context.permissions.contains(\"read:statements\")",
            "resource.owner == \"alice\" && context.permissions.contains(\"read:statements\")",
        )],
        "cedar/bank.cedar:13:8: the types String and User are not compatible\n  \
         hint: both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible",
    );
}

/// Each line of each file is told, the files that the plan names and those that are included, whether the edge would have
/// loaded them for all routes or for one.
#[test]
fn rules_with_mistakes_are_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let plan = bank(
        folder.path(),
        &[(
            "vauban.yaml",
            "  rules: [baseline]",
            "  rules: [baseline, rules/own.conf]\n  exclusions: { after: [after.conf, absent.conf] }",
        )],
    );
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("rules")).unwrap();
    std::fs::write(
        at("rules/own.conf"),
        "SecRule ARGS \"@rx (\" \"id:1,phase:2,deny\"\nInclude included.conf\nSecRool On\n",
    )
    .unwrap();
    std::fs::write(
        at("rules/included.conf"),
        "\nSecRule ARGS \"@nonsense x\" \"id:2\"\n",
    )
    .unwrap();
    std::fs::write(at("after.conf"), "SecRuleRemoveById x\n").unwrap();
    let check = |expected: &[(&str, &str)]| {
        for command in [
            &["check", "-c", &plan][..],
            &["run", "-c", &plan, "--line", "edge"],
        ] {
            let output = vauban(command);
            let said = text(&output);
            assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
            for (place, words) in expected {
                let place = at(place).display().to_string();
                let told = |line: &str| line.starts_with(&place) && line.contains(words);
                assert!(said.lines().any(told), "no `{place}` `{words}` in:\n{said}");
            }
            assert!(!said.contains("SEAM-"), "{said}");
        }
    };
    check(&[("vauban.yaml:", "rule file `absent.conf` cannot be read")]);
    std::fs::write(at("absent.conf"), "").unwrap();
    check(&[
        ("rules/own.conf:1: ", ""),
        ("rules/own.conf:3: ", "unknown directive `SecRool`"),
        ("rules/included.conf:2: ", "unknown operator `@nonsense`"),
        ("after.conf:1: ", ""),
    ]);
}

#[test]
fn an_operation_without_a_permit() {
    refused(
        ALL,
        &[(
            "cedar/bank.cedar",
            "action == Action::\"listAccounts\"",
            "action == Action::\"listProfiles\"",
        )],
        "openapi/accounts.yaml:112:5: `cedar/bank.cedar` has no permit for action `listAccounts` on `Service`, which operation `listAccounts` needs\n  \
         hint: write the permit, or remove the operation from the service's document",
    );
}

#[test]
fn an_action_that_does_not_apply() {
    refused(
        ALL,
        &[(
            "openapi/payments.yaml",
            "x-vauban-action: readTransfer",
            "x-vauban-action: readTransfers",
        )],
        "openapi/payments.yaml:86:5: `cedar/bank.cedarschema`: action `readTransfers` does not apply to `Transfer`, which operation `readTransfer` needs\n  \
         hint: declare `action readTransfers appliesTo { principal: [User], resource: [Transfer], … };`",
    );
}

#[test]
fn a_statement_for_an_entity_that_the_schema_lacks() {
    refused(
        ALL,
        &[(
            "vauban.yaml",
            "        objects: {}",
            "        objects: { Picture: \"SELECT 1 AS owner WHERE 1 = $1\" }",
        )],
        "PLAN:61:20: `cedar/bank.cedarschema` declares no entity `Picture`, which has a statement\n  \
         hint: remove the statement, or declare the entity",
    );
}

#[test]
fn an_undeclared_object_is_a_finding_and_does_not_run() {
    let edits: &[(&str, &str, &str)] = &[
        (
            "openapi/accounts.yaml",
            "      x-vauban-object: { entity: Account, in: path, name: id, foreign: 404, evidence: stored }\n",
            "",
        ),
        (
            "openapi/payments.yaml",
            "      x-vauban-object: { entity: Transfer, in: path, name: id, foreign: 404, evidence: stored }\n",
            "",
        ),
    ];
    let hint = "declare `x-vauban-object`, or `x-vauban-public-object` with a reason; `x-vauban-no-object: true` if it names none";
    refused(
        RUNNING,
        edits,
        &format!(
            "openapi/accounts.yaml:158:5: operation `readStatements` of `accounts` names an object (`id`) and has no rule for it\n  hint: {hint}\n\
             openapi/payments.yaml:86:5: operation `readTransfer` of `payments` names an object (`id`) and has no rule for it\n  hint: {hint}"
        ),
    );
    let folder = tempfile::tempdir().unwrap();
    let output = vauban(&["check", "-c", &bank(folder.path(), edits)]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("SEAM-IDOR-01 GET /accounts/{id}/statements"),
        "{said}"
    );
}

#[test]
fn the_plans_of_the_five_rules_hold_for_their_guards() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../seam/tests/data");
    let folders = |path: &Path| {
        let entries = std::fs::read_dir(path).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let mut count = 0;
    for rule in folders(Path::new(data)) {
        for case in folders(&rule) {
            let plan = case.join("vauban.yaml");
            let output = vauban(&["check", "-c", plan.to_str().unwrap()]);
            let said = text(&output);
            assert!([Some(0), Some(1)].contains(&output.status.code()), "{said}");
            count += 1;
        }
    }
    assert!(count >= 10, "{data} holds {count} plans");
}
