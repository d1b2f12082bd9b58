//! OpenAPI documents in YAML and JSON are the same documents.

use std::path::Path;

use vauban_policy::{Document, Plan};

use crate::files::{load_data_edited, load_text, read};
use crate::yaml;

fn data(name: &str) -> String {
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name),
    )
}

/// The plan with another document's text in the place of `profiles.yaml`.
fn load_document(text: &str) -> Result<Plan, String> {
    let plan = load_text("seed.yaml", &data("seed.yaml"), &mut |file| {
        Ok(if file == "profiles.yaml" {
            text.to_owned()
        } else {
            String::new()
        })
    });
    plan.map_err(|mistakes| mistakes.to_string())
}

/// What stands in a document, whatever the order of its keys.
fn summary(document: &Document) -> Vec<String> {
    let line = |one: &vauban_policy::Operation| {
        let mut names: Vec<&str> = one
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        names.sort_unstable();
        let media = one.body.as_ref().map_or(0, |body| body.media.len());
        let answers = one.answers.len();
        format!(
            "{} {} {} {:?} {names:?} {media} {answers}",
            one.id, one.method, one.path, one.ownership
        )
    };
    let mut lines: Vec<String> = document.operations.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn a_document_in_json_is_read_like_the_same_in_yaml() {
    let text = data("orders.yaml");
    let json = yaml::read(&text);
    let tabs = serde_json::to_string_pretty(&json)
        .unwrap()
        .replace("  ", "\t");
    let expected = summary(&load_document(&text).unwrap().services[0].document);
    assert_eq!(expected.len(), 5);
    for text in [
        serde_json::to_string(&json).unwrap(),
        serde_json::to_string_pretty(&json).unwrap(),
        tabs,
    ] {
        let plan = load_document(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(summary(&plan.services[0].document), expected);
    }
}

#[test]
fn references_that_lead_round_in_a_circle_end() {
    let text = data("orders.yaml").replace(
        "    Problem:\n      description: A refusal.\n",
        "    Loop: { $ref: \"#/components/responses/Loop\" }\n    Problem:\n      description: A refusal.\n",
    );
    let text = text.replace(
        "4XX: { $ref: \"#/components/responses/Problem\" }",
        "4XX: { $ref: \"#/components/responses/Loop\" }",
    );
    let error = load_document(&text).unwrap_err();
    assert_eq!(
        error,
        "profiles.yaml:30:14: more than 8 references lead to one another"
    );
}

#[test]
fn a_builtin_document_serves_routes_without_an_entry() {
    let edit = "      permissions: [\"read:profile\"]\n  - { path: /auth/login, methods: [POST], authenticate: { none: tokens come from here } }\n";
    let plan = load_data_edited(
        "seed.yaml",
        &[("      permissions: [\"read:profile\"]\n", edit)],
    )
    .unwrap();
    let (service, operation) = plan.operation(plan.routes[1].operations["POST"]);
    assert_eq!(
        (service.name.as_str(), operation.id.as_str()),
        ("authority", "login")
    );
    assert!(
        plan.zones
            .iter()
            .any(|zone| zone.name == "authority" && !zone.isolated)
    );
}
