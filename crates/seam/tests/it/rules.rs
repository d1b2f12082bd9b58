//! Each rule has a bad configuration, in which it is the only finding, and a good one, in which nothing is found.

use std::path::{Path, PathBuf};

use vauban_policy::{TextFile, load};
use vauban_seam::{Components, Finding, check, facts, json, text};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn find(name: &str) -> Vec<Finding> {
    let folder = folder(name);
    let read =
        |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
    let main = TextFile {
        name: format!("{name}/vauban.yaml"),
        text: read("vauban.yaml").unwrap(),
    };
    let plan =
        load(&main, &mut |file| read(file), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let components = match read("components.json") {
        Ok(text) => Components::parse(&text).unwrap(),
        Err(_) => Components::embedded(),
    };
    check(&facts(&plan, &components))
}

#[test]
fn a_bad_configuration_yields_exactly_its_finding_and_a_good_one_none() {
    let cases: [(&str, &[&str]); 12] = [
        ("idor-01/bad", &["high SEAM-IDOR-01 GET /orders/{id}"]),
        ("idor-01/guessed", &["medium SEAM-IDOR-01 GET /orders/{id}"]),
        ("idor-01/good", &[]),
        ("idor-03/bad", &["critical SEAM-IDOR-03 GET /orders/{id}"]),
        ("idor-03/good", &[]),
        ("jwt-01/bad", &["medium SEAM-JWT-01 token verification"]),
        ("jwt-01/good", &[]),
        ("limit-01/bad", &["high SEAM-LIMIT-01 budget per-client"]),
        ("limit-01/good", &[]),
        (
            "flat-01/bad",
            &["critical SEAM-FLAT-01 service orders in zone core"],
        ),
        (
            "flat-01/anyone",
            &["high SEAM-FLAT-01 service orders in zone core"],
        ),
        ("flat-01/good", &[]),
    ];
    for (name, expected) in cases {
        let shown = |finding: &Finding| {
            format!(
                "{} {} {}",
                finding.severity.as_str(),
                finding.rule,
                finding.subject
            )
        };
        let found: Vec<String> = find(name).iter().map(shown).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn details_name_what_was_written() {
    let cases = [
        (
            "idor-01/bad",
            "nobody checks the owner, because: the order number is hard to guess",
        ),
        (
            "idor-01/guessed",
            "`id` names an object and no rule says whose it is",
        ),
        ("idor-03/bad", "the owner is read from the header `X-Owner`"),
        (
            "jwt-01/bad",
            "the same library decides in every layer (`edge.token: pkg:cargo/jsonwebtoken 10.2.0`, \
             `guard.token: pkg:cargo/jsonwebtoken 10.2.0`)",
        ),
        (
            "limit-01/bad",
            "budget `per-client` counts by the header `X-Forwarded-For`, which the client writes",
        ),
        (
            "flat-01/bad",
            "no guard stands in front of it, because: the network is ours",
        ),
        (
            "flat-01/anyone",
            "its guard accepts every certificate (`danger_anyone`)",
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(find(name)[0].detail, expected, "{name}");
    }
}

#[test]
fn a_finding_names_two_layers_its_attacks_and_what_still_stops_them() {
    for name in [
        "idor-01/bad",
        "idor-03/bad",
        "jwt-01/bad",
        "limit-01/bad",
        "flat-01/bad",
    ] {
        let finding = &find(name)[0];
        assert!(finding.layers.len() >= 2, "{name}");
        assert!(
            !finding.attacks.is_empty() && !finding.sources.is_empty() && !finding.fix.is_empty(),
            "{name}"
        );
    }
    assert_eq!(find("jwt-01/bad")[0].stopped_by, ["authority.registry"]);
    assert_eq!(find("flat-01/anyone")[0].stopped_by, ["guard.token"]);
    assert!(find("flat-01/bad")[0].stopped_by.is_empty());
}

#[test]
fn a_sound_budget_that_allows_no_more_lowers_the_finding() {
    let plan = std::fs::read_to_string(folder("limit-01/bad").join("vauban.yaml")).unwrap();
    let cases = [(200, "medium"), (20, "medium"), (201, "high")];
    for (requests, severity) in cases {
        let budget = format!(
            "  budgets:\n    - {{ name: sound, at: edge, key: ip, requests: {requests}, seconds: 1, burst: 1 }}\n"
        );
        let text = plan.replace("  budgets:\n", &budget);
        let read = |file: &str| {
            std::fs::read_to_string(folder("limit-01/bad").join(file))
                .map_err(|error| error.to_string())
        };
        let main = TextFile {
            name: "vauban.yaml".into(),
            text,
        };
        let plan = load(&main, &mut |file| read(file), &[])
            .unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let found = check(&facts(&plan, &Components::embedded()));
        let shown: Vec<_> = found
            .iter()
            .map(|finding| (finding.rule, finding.severity.as_str()))
            .collect();
        assert_eq!(shown, [("SEAM-LIMIT-01", severity)], "{requests}");
    }
}

#[test]
fn json_has_its_fields_in_order_and_is_json() {
    let shown = json(&find("idor-03/bad"));
    let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["findings"][0]["rule"], "SEAM-IDOR-03");
    let keys = [
        "rule",
        "severity",
        "title",
        "subject",
        "detail",
        "why",
        "fix",
        "layers",
        "stopped_by",
        "attacks",
        "sources",
    ];
    let places: Vec<usize> = keys
        .iter()
        .map(|key| shown.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{shown}");
    assert_eq!(json(&[]), "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
}

#[test]
fn text_begins_with_the_worst_and_ends_with_a_count() {
    let mut findings = find("idor-01/guessed");
    findings.extend(find("idor-03/bad"));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let shown = text(&findings);
    assert!(
        shown.starts_with("critical SEAM-IDOR-03 GET /orders/{id}\n"),
        "{shown}"
    );
    assert!(
        shown.ends_with("\n2 seams found, the worst is critical\n"),
        "{shown}"
    );
    assert_eq!(
        text(&[]),
        "no seam found by the rules IDOR-01, IDOR-03, JWT-01, LIMIT-01 and FLAT-01; others are not checked\n"
    );
}

/// Loads a case after some words were replaced, in whichever file they stand.
fn find_edited(name: &str, edits: &[(&str, &str)]) -> Vec<Finding> {
    let edit = |text: String| {
        edits
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    };
    let folder = folder(name);
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file))
            .map(edit)
            .map_err(|error| error.to_string())
    };
    let main = TextFile {
        name: "vauban.yaml".into(),
        text: read("vauban.yaml").unwrap(),
    };
    let plan =
        load(&main, &mut |file| read(file), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    check(&facts(&plan, &Components::embedded()))
}

#[test]
fn severity_follows_the_consequence_and_the_controls_that_remain() {
    const WRITE: &[(&str, &str)] = &[
        ("    get:", "    post:"),
        ("methods: [GET]", "methods: [POST]"),
    ];
    const ROWS: &[(&str, &str)] = &[
        (
            "{ sqlite: data/orders.db }",
            "{ postgres: \"env:FACTS_URL\" }",
        ),
        (
            "      facts:",
            "      context_key: \"file:secrets/context.key\"\n      facts:",
        ),
    ];
    let cases = [
        (
            "idor-01/bad",
            WRITE.to_vec(),
            "critical SEAM-IDOR-01 POST /orders/{id}",
        ),
        (
            "idor-01/guessed",
            WRITE.to_vec(),
            "medium SEAM-IDOR-01 POST /orders/{id}",
        ),
        (
            "idor-01/bad",
            [WRITE, ROWS].concat(),
            "high SEAM-IDOR-01 POST /orders/{id}",
        ),
        (
            "idor-01/bad",
            ROWS.to_vec(),
            "medium SEAM-IDOR-01 GET /orders/{id}",
        ),
        (
            "idor-01/guessed",
            ROWS.to_vec(),
            "info SEAM-IDOR-01 GET /orders/{id}",
        ),
        (
            "idor-03/bad",
            ROWS.to_vec(),
            "high SEAM-IDOR-03 GET /orders/{id}",
        ),
    ];
    for (name, edits, expected) in cases {
        let found = find_edited(name, &edits);
        let shown: Vec<String> = found
            .iter()
            .map(|finding| {
                format!(
                    "{} {} {}",
                    finding.severity.as_str(),
                    finding.rule,
                    finding.subject
                )
            })
            .collect();
        assert_eq!(shown, [expected], "{name}");
    }
}

#[test]
fn an_operation_that_asks_nobody_or_is_public_has_no_seam_with_identity() {
    let edits: [&[(&str, &str)]; 3] = [
        &[(
            "authenticate: jwt\n    authorize:\n      roles: [user]\n      permissions: [read:orders]",
            "authenticate: { none: public }",
        )],
        &[(
            "x-vauban-danger-unowned: the order number",
            "x-vauban-public-object: the order number",
        )],
        &[(
            "x-vauban-danger-unowned: the order number is hard to guess",
            "x-vauban-no-object: true",
        )],
    ];
    for edits in edits {
        assert_eq!(find_edited("idor-01/bad", edits), [], "{edits:?}");
    }
}

#[test]
fn the_demo_bank_has_no_seam_with_what_this_build_is_made_of() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| {
        std::fs::read_to_string(root.join("bank").join(file)).map_err(|error| error.to_string())
    };
    let authority = std::fs::read_to_string(root.join("crates/authority/openapi.yaml")).unwrap();
    let main = TextFile {
        name: "bank/vauban.yaml".into(),
        text: read("vauban.yaml").unwrap(),
    };
    let plan = load(&main, &mut |file| read(file), &[("authority", &authority)])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(check(&facts(&plan, &Components::embedded())), []);
}
