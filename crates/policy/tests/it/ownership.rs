//! What looks like a reference to an object, and what the author's word makes of it.

use vauban_policy::{Evidence, Foreign, Locate, ObjectRule, Ownership};

use crate::files::load_data_edited;

/// Ownership of the one operation and its unbound names, after its rule and its parameters were replaced.
fn ownership(rule: &str, path: &str, parameters: &str, body: &str) -> (Ownership, Vec<String>) {
    let document = format!(
        "  {path}:\n    post:\n      operationId: act\n{rule}      parameters: [{parameters}]\n{body}      responses: {{ \"204\": {{ description: done }} }}\n  /api/"
    );
    let edits = [
        ("  /api/", document.as_str()),
        (
            "        objects:\n",
            "        objects:\n          Account: \"SELECT owner, tenant FROM accounts WHERE id = $1\"\n",
        ),
    ];
    let plan = load_data_edited("seed.yaml", &edits)
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{document}"));
    let operation = plan.services[0]
        .document
        .operations
        .iter()
        .find(|one| one.id == "act")
        .unwrap();
    (operation.ownership.clone(), operation.unbound.clone())
}

fn parameter(place: &str, name: &str) -> String {
    format!("{{ name: {name}, in: {place}, required: true, schema: {{ type: string }} }}")
}

fn body(properties: &str) -> String {
    format!(
        "      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ type: object, required: [account_id], properties: {properties} }} }} }} }}\n"
    )
}

#[test]
fn names_that_look_like_references() {
    let cases = [
        ("query", "id", true),
        ("query", "ID", true),
        ("query", "account_id", true),
        ("query", "accountId", true),
        ("query", "orderUuid", true),
        ("query", "uuid", true),
        ("query", "api_key", true),
        ("query", "apiKey", true),
        ("query", "invoiceRef", true),
        ("query", "postSlug", true),
        ("header", "X-Account-Id", true),
        ("header", "Idempotency-Key", false),
        ("query", "limit", false),
        ("query", "valid", false),
        ("query", "paid", false),
        ("query", "monkey", false),
        ("query", "key", false),
    ];
    for (place, name, expected) in cases {
        let (found, _) = ownership("", "/act", &parameter(place, name), "");
        let wanted = if expected {
            Ownership::Undeclared {
                parameters: vec![name.to_owned()],
            }
        } else {
            Ownership::NoObject
        };
        assert_eq!(found, wanted, "{place} {name}");
    }
}

#[test]
fn a_path_segment_after_a_plural_noun_is_a_reference() {
    let cases = [
        ("/orders/{number}", true),
        ("/order/{number}", false),
        ("/status/{number}", false),
        ("/{number}", false),
    ];
    for (path, expected) in cases {
        let (found, _) = ownership("", path, &parameter("path", "number"), "");
        assert_eq!(
            matches!(found, Ownership::Undeclared { .. }),
            expected,
            "{path}"
        );
    }
}

#[test]
fn fields_of_the_body_are_looked_at_too() {
    let fields = "{ account_id: { type: string }, to: { type: object, properties: { shopId: { type: string } } }, \
                  lines: { type: array, items: { type: object, properties: { sku_ref: { type: string } } } } }";
    let (found, _) = ownership("", "/act", "", &body(fields));
    let parameters = ["/account_id", "/to/shopId", "/lines/*/sku_ref"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(found, Ownership::Undeclared { parameters });
}

#[test]
fn the_author_decides() {
    let field = body("{ account_id: { type: string }, other_id: { type: string } }");
    let exempt = body(
        "{ account_id: { type: string }, other_id: { type: string, x-vauban-no-object: true } }",
    );
    let rule = |extra: &str| {
        format!(
            "      x-vauban-object: {{ entity: Account, in: body, pointer: /account_id{extra} }}\n"
        )
    };
    let object = |evidence, foreign| {
        Ownership::Object(ObjectRule {
            entity: "Account".into(),
            locate: Locate::Body("/account_id".into()),
            evidence,
            foreign,
        })
    };
    let header = Evidence::DangerHeader("X-Owner".into());
    let (found, unbound) = ownership(
        &rule(", evidence: { danger_header: X-Owner }"),
        "/act",
        "",
        &field,
    );
    assert_eq!(
        (found, unbound),
        (
            object(header.clone(), Foreign::NotFound),
            vec!["/other_id".to_owned()]
        )
    );
    let (found, unbound) = ownership(
        &rule(", foreign: 403, evidence: { danger_header: X-Owner }"),
        "/act",
        "",
        &exempt,
    );
    assert_eq!(
        (found, unbound),
        (object(header, Foreign::Forbidden), Vec::new())
    );
    let words = [
        ("      x-vauban-no-object: true\n", Ownership::NoObject),
        (
            "      x-vauban-public-object: weather\n",
            Ownership::Public {
                because: "weather".into(),
            },
        ),
        (
            "      x-vauban-danger-unowned: later\n",
            Ownership::Unowned {
                because: "later".into(),
            },
        ),
    ];
    for (rule, expected) in words {
        assert_eq!(ownership(rule, "/act", "", &field).0, expected, "{rule}");
    }
}
