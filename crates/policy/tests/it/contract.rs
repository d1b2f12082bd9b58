//! Requests and answers against the operations of `tests/data/orders.yaml`.

use vauban_http::Query;
use vauban_policy::contract::{Input, Refusal};
use vauban_policy::{Denial, Operation, Plan, Violation};

use self::cases::{ANSWERS, BODIES, PARAMETERS};
use crate::files::load_data_edited;

mod cases;

fn plan() -> Plan {
    let edits = [("openapi: profiles.yaml", "openapi: orders.yaml")];
    load_data_edited("seed.yaml", &edits).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn operation<'p>(plan: &'p Plan, id: &str) -> &'p Operation {
    plan.services[0]
        .document
        .operations
        .iter()
        .find(|operation| operation.id == id)
        .expect("the operation is there")
}

fn show(violations: &[Violation]) -> Vec<String> {
    violations
        .iter()
        .map(|one| format!("{} {} {}", one.place, one.pointer, one.reason))
        .collect()
}

fn show_refusal(outcome: &Result<(), Refusal>) -> Vec<String> {
    match outcome {
        Ok(()) => Vec::new(),
        Err(Refusal::MediaType) => vec!["media type".into()],
        Err(Refusal::TooLarge) => vec!["too large".into()],
        Err(Refusal::Violated(violations)) => show(violations),
    }
}

#[test]
fn parameters() {
    let plan = plan();
    let list = operation(&plan, "listOrders");
    for &(query, headers, expected) in PARAMETERS {
        let parsed = Query::parse(query).unwrap();
        let headers = |name: &str| {
            headers
                .iter()
                .find(|header| header.0.eq_ignore_ascii_case(name))
                .map(|header| header.1)
        };
        let input = Input {
            path_parameters: &[],
            query: &parsed,
            headers: &headers,
            content_type: None,
            body: &[],
        };
        let mut found = show_refusal(&list.accept(&input));
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
}

/// Sends a body to `createOrder`.
fn create(plan: &Plan, content_type: Option<&str>, body: &str) -> Result<(), Refusal> {
    send(plan, "createOrder", content_type, body)
}

fn send(plan: &Plan, id: &str, content_type: Option<&str>, body: &str) -> Result<(), Refusal> {
    let query = Query::parse("").unwrap();
    let input = Input {
        path_parameters: &[],
        query: &query,
        headers: &|_| None,
        content_type,
        body: body.as_bytes(),
    };
    operation(plan, id).accept(&input)
}

#[test]
fn bodies() {
    let plan = plan();
    for &(content_type, body, expected) in BODIES {
        let mut found = show_refusal(&create(&plan, content_type, body));
        found.sort();
        assert_eq!(found, expected, "{content_type:?} {body}");
    }
}

#[test]
fn other_media_types() {
    let plan = plan();
    let cases: [(Option<&str>, &str, &[&str]); 7] = [
        (None, "", &[]),
        (
            Some("application/merge-patch+json"),
            r#"{"anything":1}"#,
            &[],
        ),
        (
            Some("application/merge-patch+json"),
            r#"{"a":1,"a":1}"#,
            &["body /a is given twice"],
        ),
        (Some("application/json"), "{}", &["media type"]),
        (Some("image/png"), "12345678", &[]),
        (Some("image/png"), "123456789", &["too large"]),
        (Some("image/png"), "", &["body  is missing"]),
    ];
    for (content_type, body, expected) in cases {
        let found = show_refusal(&send(&plan, "changeOrders", content_type, body));
        assert_eq!(found, expected, "{content_type:?} {body}");
    }
}

#[test]
fn values_of_the_peer_are_not_repeated() {
    let plan = plan();
    let secret = "hunter2-0123456789";
    let long = "k".repeat(5000);
    let bodies = [
        format!(r#"{{"buyer":{{"profile":"{secret}"}},"lines":[{{"sku":"{secret}","count":1}}]}}"#),
        format!(
            r#"{{"buyer":{{"profile":7,"email":"{secret}"}},"lines":[{{"sku":"a","count":1}}]}}"#
        ),
        format!(
            r#"{{"buyer":{{"profile":7}},"lines":[{{"sku":"a","count":1}}],"{long}":"{secret}"}}"#
        ),
    ];
    for body in bodies {
        let shown = show_refusal(&create(&plan, Some("application/json"), &body)).join("\n");
        assert!(
            !shown.is_empty() && !shown.contains("hunter2") && shown.len() < 400,
            "{shown}"
        );
    }
}

#[test]
fn an_operation_without_a_body_takes_none() {
    let plan = plan();
    let query = Query::parse("").unwrap();
    let accept = |body: &[u8]| {
        let input = Input {
            path_parameters: &[],
            query: &query,
            headers: &|_| None,
            content_type: None,
            body,
        };
        show_refusal(&operation(&plan, "clearOrders").accept(&input))
    };
    assert_eq!(accept(b""), [""; 0]);
    assert_eq!(accept(b"x"), ["body  this operation takes no body"]);
}

#[test]
fn refusals_become_denials() {
    let plan = plan();
    let denial = |id, content_type, body| {
        Denial::from(send(&plan, id, Some(content_type), body).unwrap_err()).code()
    };
    assert_eq!(
        denial("changeOrders", "image/png", "123456789"),
        "body.too_large"
    );
    assert_eq!(
        denial("createOrder", "text/plain", "x"),
        "contract.media_type"
    );
    assert_eq!(
        denial("createOrder", "application/json", "{}"),
        "contract.violated"
    );
}

#[test]
fn the_object_is_where_the_rule_says() {
    let plan = plan();
    let query = Query::parse("").unwrap();
    let read = |id: &str, pairs: &[(&str, &str)], body: &str| {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|pair| (pair.0.to_owned(), pair.1.to_owned()))
            .collect();
        let input = Input {
            path_parameters: &pairs,
            query: &query,
            headers: &|_| None,
            content_type: None,
            body: body.as_bytes(),
        };
        operation(&plan, id).object_id(&input)
    };
    assert_eq!(
        read("readProfile", &[("id", "123")], ""),
        Some("123".into())
    );
    assert_eq!(read("readProfile", &[], ""), None);
    assert_eq!(read("readProfile", &[("id", "1"), ("id", "2")], ""), None);
    assert_eq!(read("listOrders", &[("id", "1")], ""), None);
    let bodies = [
        (r#"{"buyer":{"profile":7}}"#, Some("7")),
        (r#"{"buyer":{"profile":"p-7"}}"#, Some("p-7")),
        (r#"{"buyer":{"profile":""}}"#, None),
        (r#"{"buyer":{"profile":7.5}}"#, None),
        (r#"{"buyer":{"profile":null}}"#, None),
        (r#"{"buyer":{"profile":[7]}}"#, None),
        (r#"{"buyer":{}}"#, None),
        (r#"{"buyer":{"profile":7,"profile":8}}"#, None),
        ("{", None),
    ];
    for (body, expected) in bodies {
        assert_eq!(
            read("createOrder", &[], body).as_deref(),
            expected,
            "{body}"
        );
    }
}

#[test]
fn answers() {
    let plan = plan();
    for &(id, status, content_type, body, expected) in ANSWERS {
        let found = operation(&plan, id).accept_answer(status, content_type, body.as_bytes());
        assert_eq!(
            show(&found.err().unwrap_or_default()),
            expected,
            "{id} {status} {body}"
        );
    }
}
