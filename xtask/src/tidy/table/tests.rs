use super::*;

const DOCUMENT: &str = "# A\n\n## Crates\n\n| level | crate | question | uses |\n|---|---|---|---|\n| 0 | `http` | what? | — |\n| 1 | `net` | how? | `http` |\n\n## Next\n";

fn graph(arrows: &[(&str, &[&str])]) -> Graph {
    let packages: Vec<_> = arrows
        .iter()
        .map(|(name, uses)| {
            let dependencies: Vec<_> = uses
                .iter()
                .map(|name| serde_json::json!({ "name": name, "kind": null }))
                .collect();
            serde_json::json!({ "id": name, "name": name, "manifest_path": "", "dependencies": dependencies })
        })
        .collect();
    let members: Vec<_> = arrows.iter().map(|(name, _)| *name).collect();
    Graph::read(&serde_json::json!({
        "packages": packages, "workspace_members": members, "resolve": { "nodes": [] },
    }))
    .unwrap()
}

fn check(arrows: &[(&str, &[&str])], expected: &[&str]) {
    assert_eq!(compare(&parse(DOCUMENT).unwrap(), &graph(arrows)), expected);
}

#[test]
fn equal_is_fine() {
    check(
        &[("vauban-http", &[]), ("vauban-net", &["vauban-http"])],
        &[],
    );
}

#[test]
fn an_arrow_upwards_is_two_findings() {
    check(
        &[
            ("vauban-http", &["vauban-net"]),
            ("vauban-net", &["vauban-http"]),
        ],
        &[
            "`vauban-http` uses `vauban-net`, which its row in ARCHITECTURE.md does not say",
            "the arrow `vauban-http` → `vauban-net` does not go down a level",
        ],
    );
}

#[test]
fn a_stale_row_and_a_missing_row_are_found() {
    check(
        &[
            ("vauban-http", &[]),
            ("vauban-net", &[]),
            ("vauban-new", &[]),
        ],
        &[
            "ARCHITECTURE.md says that `vauban-net` uses `vauban-http`; it does not",
            "`vauban-new` is missing in ARCHITECTURE.md's table",
        ],
    );
}

#[test]
fn a_document_without_the_table_is_refused() {
    assert_eq!(
        parse("# A\n").unwrap_err().to_string(),
        "ARCHITECTURE.md has no heading `## Crates`"
    );
}
