//! What is judged before anything is started: the whole plan, all its guards, each mistake once.

use vauban_guard::{judge_plan, judge_plan_to_run};
use vauban_policy::{Mistakes, Plan};

use crate::house::plan;

/// What is said of the test data's plan after `edits` (file, from, to).
fn said(judge: fn(&Plan) -> Result<(), Mistakes>, edits: &[(&str, &str, &str)]) -> Vec<String> {
    let change = |name: &str, mut text: String| {
        for (_, from, to) in edits.iter().filter(|(file, ..)| *file == name) {
            assert!(text.contains(from), "{name} has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        text
    };
    let plan = plan(&change).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let told = judge(&plan).map_or_else(|mistakes| mistakes.to_string(), |()| String::new());
    let places = told.lines().filter(|line| !line.starts_with("  hint: "));
    places.map(str::to_owned).collect()
}

#[track_caller]
fn check(edits: &[(&str, &str, &str)], expected: &[&str]) {
    for judge in [judge_plan, judge_plan_to_run] {
        assert_eq!(said(judge, edits), expected);
    }
}

#[test]
fn the_plan_without_edits_holds() {
    check(&[], &[]);
}

#[test]
fn three_guards_share_a_policy_and_its_mistake_is_told_once() {
    check(
        &[("notes.cedar", "resource.sealed }", "resource.seald }")],
        &["notes.cedar:36:31: attribute `seald` on entity type `Note` not found"],
    );
    check(
        &[("notes.cedarschema", "entity Tenant;", "entity Tenant")],
        &["notes.cedarschema:2:1: error parsing schema: unexpected token `entity`"],
    );
}

#[test]
fn the_mistakes_of_all_files_come_together_in_their_order() {
    check(
        &[
            (
                "notes.cedar",
                "Action::\"readNote\", Action::\"moveNote\"",
                "Action::\"readNote\"",
            ),
            (
                "notes.cedar",
                "resource.owner == principal }",
                "resource.owner == 1 }",
            ),
            (
                "vauban.yaml",
                "          Note: ",
                "          Drawer: \"SELECT 1 AS owner WHERE 1 = $1\"\n          Note: ",
            ),
            (
                "empty.yaml",
                "paths: {}",
                "paths: { /x: { get: { operationId: look, responses: { \"204\": { description: x } } } } }",
            ),
        ],
        &[
            "vauban.yaml:32:11: `notes.cedarschema` declares no entity `Drawer`, which has a statement",
            "empty.yaml:3:16: `notes.cedarschema`: action `look` does not apply to `Service`, which operation `look` needs",
            "notes.cedar:9:8: the types Long and User are not compatible",
            "notes.yaml:41:5: `notes.cedar` has no permit for action `moveNote` on `Note`, which operation `moveNote` needs",
        ],
    );
}

#[test]
fn undeclared_operations_are_judged_before_a_run_and_left_to_check() {
    let edits = [
        (
            "notes.yaml",
            "      x-vauban-public-object: everybody may read the news\n",
            "",
        ),
        (
            "notes.yaml",
            "      x-vauban-object: { entity: Folder, in: path, name: name, foreign: 403, evidence: stored }\n",
            "",
        ),
    ];
    assert_eq!(said(judge_plan, &edits), [""; 0]);
    assert_eq!(
        said(judge_plan_to_run, &edits),
        [
            "notes.yaml:56:5: operation `readFolder` of `notes` names an object (`name`) and has no rule for it",
            "notes.yaml:62:5: operation `readNews` of `notes` names an object (`id`) and has no rule for it",
        ]
    );
}
