//! The published JSON Schema and the loader refuse the same.

use std::path::Path;

use serde_json::Value;
use vauban_policy::json_schema;

use crate::files::{load_data_edited, read};
use crate::yaml;

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&json_schema()).unwrap_or_else(|error| panic!("{error}"))
}

/// YAML of the tests as JSON: only what those files use.
fn to_json(text: &str) -> Value {
    yaml::read(text)
}

fn check(text: &str, expected: bool) {
    let json = to_json(text);
    let errors: Vec<String> = validator()
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors.is_empty(), expected, "{errors:?}\n{text}");
}

#[test]
fn what_loads_keeps_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["tests/data/seed.yaml", "../../bank/vauban.yaml"] {
        check(&read(&root.join(file)), true);
    }
    for folder in ["idor-01", "idor-03", "jwt-01", "limit-01", "flat-01"] {
        check(
            &read(
                &root
                    .join("../seam/tests/data")
                    .join(folder)
                    .join("bad/vauban.yaml"),
            ),
            true,
        );
    }
}

/// Every mapping of the plan gets a key that nobody knows: both refuse it, save where the author chooses the keys.
#[test]
fn an_unknown_key_anywhere_is_refused_by_both() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seed.yaml");
    let text = read(&path);
    let places = [
        "version: 1",
        "name: public",
        "certificate: \"file:tls/public.pem\"",
        "name: core",
        "name: profiles\n",
        "listener: profiles-guard",
        "policy: profiles.cedar",
        "database: { sqlite",
        "sqlite: data/profiles.db",
        "from: edge",
        "name: authority\n",
        "target_milliseconds: 300",
        "id: web",
        "head_bytes_max: 16384",
        "name: per-ip",
        "rules: [baseline]",
        "methods: [\"GET\"]",
        "roles: [\"user\", \"admin\"]",
    ];
    for place in places {
        let (before, _) = text.split_once(place).unwrap_or_else(|| panic!("{place}"));
        let flow = before.ends_with("{ ");
        let column = before.len() - before.rfind('\n').map_or(0, |line| line + 1);
        let extra = if flow {
            "nonsense: 1, ".to_owned()
        } else {
            format!("nonsense: 1\n{}", " ".repeat(column))
        };
        let new = format!("{extra}{place}");
        check(&text.replacen(place, &new, 1), false);
        let mistakes = load_data_edited("seed.yaml", &[(place, &new)])
            .unwrap_err()
            .to_string();
        assert!(
            mistakes.contains("unknown key `nonsense`"),
            "{place}: {mistakes}"
        );
    }
}

/// A value that the schema refuses is refused by the loader as well.
#[test]
fn what_the_schema_refuses_does_not_load() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/seed.yaml");
    let text = read(&path);
    let cases = [
        ("version: 1", "version: 2"),
        ("environment: development", "environment: prod"),
        ("hosts: [api.example.com]", "hosts: []"),
        ("key: \"file:tls/public.key\"", "key: secret"),
        ("isolated: false", "isolated: no"),
        (
            "{ sqlite: data/profiles.db }",
            "{ sqlite: a, postgres: \"env:A\" }",
        ),
        ("access_token_seconds: 900", "access_token_seconds: 901"),
        ("target_milliseconds: 300", "target_milliseconds: 249"),
        ("memory_kib: 19456", "memory_kib: 19455"),
        ("issuer: https:", "issuer: http:"),
        ("requests: 200", "requests: 0"),
        ("key: ip", "key: ipp"),
        ("rules: [baseline], mode: block", "mode: block"),
        ("rules: [baseline], mode: block", "rules: [baseline]"),
        ("rules: [baseline], mode: block", "rules: [], mode: block"),
        ("mode: block", "mode: off"),
        ("mode: block", "mode: block, danger_off: x"),
        ("methods: [\"GET\"]", "methods: [\"get\"]"),
        ("authenticate: jwt", "authenticate: none"),
        ("authenticate: jwt", "authenticate: { none: because }"),
        (
            "    authorize:\n      roles: [\"user\", \"admin\"]\n      permissions: [\"read:profile\"]\n",
            "",
        ),
    ];
    for edit in cases {
        check(&text.replacen(edit.0, edit.1, 1), false);
        assert!(load_data_edited("seed.yaml", &[edit]).is_err(), "{edit:?}");
    }
}
