//! Every mistake is refused with its place, its words and a hint. `tests/data/*.mistakes` are the cases: edits of a plan that
//! loads, and everything that is then said.

use std::path::Path;

use serde_json::Value;

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

/// Every secret of the plan: its place in the schema, and an edit that puts `VALUE` there.
const SECRETS: &[(&str, &str, &str)] = &[
    (
        "/listeners/tls/certificate",
        "certificate: \"file:tls/public.pem\"",
        "certificate: VALUE",
    ),
    (
        "/listeners/tls/key",
        "key: \"file:tls/public.key\"",
        "key: VALUE",
    ),
    (
        "/services/guard/facts/database/postgres",
        "{ sqlite: data/profiles.db }",
        "{ postgres: VALUE }",
    ),
    (
        "/services/guard/context_key",
        "      facts:",
        "      context_key: VALUE\n      facts:",
    ),
    (
        "/issuers/store/postgres",
        "    internal_token_seconds: 60",
        "    internal_token_seconds: 60\n    store: { postgres: VALUE }",
    ),
    (
        "/keys/passphrase",
        "limits:",
        "keys: { cache_seconds: 60, passphrase: VALUE }\nlimits:",
    ),
    (
        "/keys/pkcs11",
        "limits:",
        "keys: { cache_seconds: 60, pkcs11: VALUE }\nlimits:",
    ),
    (
        "/vault/ca",
        "limits:",
        "vault: { address: \"https://vault\", ca: VALUE, token: \"env:A\" }\nlimits:",
    ),
    (
        "/vault/token",
        "limits:",
        "vault: { address: \"https://vault\", ca: \"file:a\", token: VALUE }\nlimits:",
    ),
];

/// The places in the schema at which a reference stands.
fn places_of_secrets(schema: &Value, at: &str, found: &mut Vec<String>) {
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    if pattern.starts_with("^(file:") || pattern.starts_with("^pkcs11:") {
        found.push(at.to_owned());
    }
    places_of_secrets_in(&schema["items"], at, found);
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        places_of_secrets(member, &format!("{at}/{name}"), found);
    }
}

fn places_of_secrets_in(schema: &Value, at: &str, found: &mut Vec<String>) {
    if schema.is_object() {
        places_of_secrets(schema, at, found);
    }
}

#[test]
fn a_literal_is_refused_at_every_secret_of_the_plan_and_never_repeated() {
    let mut places = Vec::new();
    places_of_secrets(&vauban_policy::json_schema(), "", &mut places);
    let mut cases: Vec<&str> = SECRETS.iter().map(|case| case.0).collect();
    places.sort();
    cases.sort_unstable();
    assert_eq!(cases, places, "each secret of the schema has its case");
    let secret = "hunter2-0123456789";
    for (place, from, to) in SECRETS {
        for literal in [
            format!("\"{secret}\""),
            format!("\"postgres://guard:{secret}@db/x\""),
            format!("\"-----BEGIN PRIVATE KEY-----\\n{secret}\""),
            format!("\"plain:{secret}\""),
            format!("\"env:{secret}\""),
            format!("\"vault:{secret}\""),
            format!("\"pkcs11:token=a?module-path=/m&pin-value={secret}\""),
            format!("[\"{secret}\"]"),
            format!("{{ value: \"{secret}\" }}"),
        ] {
            let said = said(&[(from, &to.replace("VALUE", &literal))]);
            let refused = said.contains("must refer to a secret")
                || said.contains("must be the URI of a PKCS#11 token");
            assert!(refused, "{place}: {literal}: {said}");
            assert!(!said.contains("hunter2"), "{place}: {said}");
        }
    }
}

#[test]
fn every_way_to_name_a_secret_loads() {
    let vault = "vault: { address: \"https://vault.internal:8200\", ca: \"file:vault-ca.pem\", token: \"systemd-creds:vault\" }";
    let keys = [
        "keys: { cache_seconds: 60, passphrase: \"vault:kv/bank/keys#passphrase\" }",
        "keys: { cache_seconds: 3600, pkcs11: \"pkcs11:token=vauban%20a;serial=1?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:pin\" }",
        "keys: { cache_seconds: 60, danger_plain: \"the disk is encrypted\" }",
    ];
    for keys in keys {
        let block = format!("{keys}\n{vault}\nlimits:");
        let edits = [
            ("limits:", block.as_str()),
            ("environment: development", "environment: production"),
            ("file:tls/public.key", "env:TLS_KEY"),
        ];
        assert_eq!(said(&edits), "");
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
