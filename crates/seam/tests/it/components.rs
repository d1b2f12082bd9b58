//! Components files, and what this build is made of.

use serde_json::json;
use vauban_seam::{Components, components_from_metadata};

#[test]
fn the_embedded_components_are_read_and_name_two_token_libraries() {
    let components = Components::embedded();
    let purls = |control: &str| -> Vec<String> {
        components
            .libraries(control)
            .iter()
            .map(|library| library.purl.clone())
            .collect()
    };
    assert_eq!(
        purls("edge.token"),
        ["pkg:cargo/aws-lc-rs", "pkg:cargo/jsonwebtoken"]
    );
    assert_eq!(
        purls("guard.token"),
        ["pkg:cargo/ed25519-compact", "pkg:cargo/jwt-simple"]
    );
    assert_eq!(
        Components::parse(&components.to_json()).as_ref(),
        Ok(&components)
    );
}

#[test]
fn a_file_of_another_shape_is_refused() {
    let cases = [
        ("[]", "`components` must be an object"),
        ("{\"version\":1}", "`controls` must be an object"),
        ("{\"version\":2,\"controls\":{}}", "`version` must be `1`"),
        (
            "{\"version\":1,\"controls\":{},\"x\":1}",
            "`x` must be left out: it is an unknown key",
        ),
        (
            "{\"version\":1,\"controls\":{}}",
            "`controls` lacks `edge.token`; what decides there cannot be guessed",
        ),
        (
            "{\"version\":1,\"controls\":{\"edge.token\":{}}}",
            "`edge.token` must be a list of libraries",
        ),
        (
            "{\"version\":1,\"controls\":{\"edge.token\":[{\"purl\":\"pkg:cargo/a@1\",\"version\":\"1\"}]}}",
            "`edge.token.purl` must be a package URL without version",
        ),
        (
            "{\"version\":1,\"controls\":{\"edge.token\":[{\"purl\":\"pkg:cargo/a\"}]}}",
            "`edge.token.version` must be a version",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            Components::parse(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
    let error = Components::parse("{").unwrap_err().to_string();
    assert!(error.starts_with("the file is not JSON: "), "{error}");
}

/// A small graph: package, normal dependencies, development dependencies.
fn metadata(graph: &[(&str, &[&str], &[&str])]) -> serde_json::Value {
    let packages: Vec<_> = graph
        .iter()
        .map(|(name, ..)| json!({ "id": name, "name": name, "version": "1.0.0" }))
        .collect();
    let arrow =
        |name: &&str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
    let node = |(name, normal, dev): &(&str, &[&str], &[&str])| {
        let deps = normal
            .iter()
            .map(|name| arrow(name, None))
            .chain(dev.iter().map(|name| arrow(name, Some("dev"))));
        json!({ "id": name, "deps": deps.collect::<Vec<_>>() })
    };
    json!({ "packages": packages, "resolve": { "nodes": graph.iter().map(node).collect::<Vec<_>>() } })
}

#[test]
fn what_decides_is_what_the_token_library_reaches() {
    let shared = metadata(&[
        ("vauban-token", &["jsonwebtoken", "serde"], &[]),
        ("vauban-guard", &["jsonwebtoken", "tls"], &["jwt-simple"]),
        ("jsonwebtoken", &["aws-lc-rs"], &["ring"]),
        ("tls", &["ring"], &[]),
        ("jwt-simple", &["ed25519-compact"], &[]),
        ("aws-lc-rs", &[], &[]),
        ("ed25519-compact", &[], &[]),
        ("ring", &[], &[]),
        ("serde", &[], &[]),
    ]);
    let components = components_from_metadata(&shared);
    for control in ["edge.token", "guard.token"] {
        let purls: Vec<&str> = components
            .libraries(control)
            .iter()
            .map(|library| library.purl.as_str())
            .collect();
        assert_eq!(
            purls,
            ["pkg:cargo/aws-lc-rs", "pkg:cargo/jsonwebtoken"],
            "{control}"
        );
    }
    assert_eq!(components.libraries("guard.ownership"), []);
}
