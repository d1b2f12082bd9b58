//! Every mistake is refused with its place, its words and a hint. `tests/data/*.mistakes` are the cases: edits of a plan that
//! loads, and everything that is then said.

use std::path::Path;

use crate::files::{load_data_edited, read};

/// What is said after the edits; nothing when the plan loads.
fn said(edits: &[(&str, &str)]) -> String {
    load_data_edited("seed.yaml", edits)
        .err()
        .map(|mistakes| mistakes.to_string())
        .unwrap_or_default()
}

/// A case is a paragraph: `- old` and `+ new` in turns (`\n` is a line break), then what is said, indented by two spaces.
fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file);
    let mut count = 0;
    for case in read(&path)
        .split("\n\n")
        .filter(|case| !case.starts_with('#'))
    {
        let line =
            |mark: &'static str| case.lines().filter_map(move |line| line.strip_prefix(mark));
        let unescape = |text: &str| text.replace("\\n", "\n");
        let (old, new): (Vec<String>, Vec<String>) = (
            line("- ").map(unescape).collect(),
            line("+ ").map(unescape).collect(),
        );
        let edits: Vec<(&str, &str)> = old
            .iter()
            .map(String::as_str)
            .zip(new.iter().map(String::as_str))
            .collect();
        let expected: Vec<&str> = line("  ").collect();
        assert!(
            !edits.is_empty() && old.len() == new.len() && !expected.is_empty(),
            "{file}: {case}"
        );
        assert_eq!(said(&edits), expected.join("\n"), "{file}: {case}");
        count += 1;
    }
    assert!(count > 20, "{file} holds {count} cases");
}

#[test]
fn mistakes_in_the_configuration() {
    check("plan.mistakes");
}

#[test]
fn mistakes_in_a_document() {
    check("document.mistakes");
}

#[test]
fn the_plan_without_edits_has_no_mistake() {
    assert_eq!(said(&[]), "");
}

#[test]
fn a_secret_in_the_wrong_place_is_never_repeated() {
    let secret = "hunter2-0123456789";
    let places = [
        ("key: \"file:tls/public.key\"", format!("key: \"{secret}\"")),
        (
            "certificate: \"file:tls/public.pem\"",
            format!("certificate: [\"{secret}\"]"),
        ),
        (
            "{ sqlite: data/profiles.db }",
            format!("{{ postgres: \"postgres://guard:{secret}@db/x\" }}"),
        ),
        (
            "      facts:",
            format!("      context_key: {{ value: \"{secret}\" }}\n      facts:"),
        ),
        (
            "    internal_token_seconds: 60",
            format!(
                "    internal_token_seconds: 60\n    store: {{ postgres: \"postgres://vauban:{secret}@db/x\" }}"
            ),
        ),
    ];
    for (from, to) in places {
        let said = said(&[(from, &to)]);
        assert!(said.contains("must refer to a secret"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_store_is_named_by_reference_or_is_the_embedded_one() {
    let store = |text: &str| {
        let from = "    internal_token_seconds: 60";
        load_data_edited("seed.yaml", &[(from, &format!("{from}{text}"))])
    };
    let plan = store("").unwrap();
    assert_eq!(plan.issuer.store.postgres, None);
    let plan = store("\n    store: { postgres: \"env:DATABASE\" }").unwrap();
    let reference = plan.issuer.store.postgres.unwrap();
    assert_eq!(reference.0, "env:DATABASE");
    for (odd, what) in [
        ("{}", "lacks the key `postgres`"),
        ("{ sqlite: data/authority.db }", "unknown key `sqlite`"),
    ] {
        let said = store(&format!("\n    store: {odd}"))
            .unwrap_err()
            .to_string();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn all_mistakes_are_told_together_in_the_order_of_lines() {
    let edits = [
        ("environment: development", "environment: prod"),
        ("zone: core", "zone: cor"),
        ("access_token_seconds: 900", "access_token_seconds: 9000"),
        ("authenticate: jwt", "authenticate: jtw"),
        ("foreign: 403", "foreign: 401"),
    ];
    let said = said(&edits);
    let places: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("  hint"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "seed.yaml:3:14:",
            "seed.yaml:17:11:",
            "seed.yaml:33:27:",
            "seed.yaml:56:19:",
            "profiles.yaml:7:72:"
        ]
    );
}

#[test]
fn what_is_too_long_or_too_deep_is_not_read() {
    let long = format!("trust_domain: \"{}\"", "a".repeat(1_048_576));
    let said_long = said(&[("trust_domain: example.internal", &long)]);
    assert_eq!(
        said_long,
        "seed.yaml:1:1: the file is longer than 1048576 bytes"
    );
    for (depth, reads) in [(62, true), (63, true), (64, false), (65, false)] {
        let deep = format!("trust_domain: {}{}", "[".repeat(depth), "]".repeat(depth));
        let said = said(&[("trust_domain: example.internal", &deep)]);
        let too_deep = said.contains("more than 64 lists and mappings stand inside each other");
        assert_eq!(too_deep, !reads, "{depth}: {said}");
    }
}
