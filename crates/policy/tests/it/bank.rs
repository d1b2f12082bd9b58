//! The demo bank's plan loads, and its decisions stand in `decisions.golden`.

use std::path::Path;

use vauban_policy::{Authenticate, Plan, Principal, authorize};

use crate::files::{load_beside, read};

fn plan() -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bank/vauban.yaml");
    load_beside(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Callers by name: nobody, and each role alone with what the plan grants it; also roles and permissions that do not go
/// together, as a token could say them.
fn principals(plan: &Plan) -> Vec<(String, Option<Principal>)> {
    let principal = |roles: &[&str], permissions: Vec<String>| Principal {
        subject: "1001".into(),
        client_id: "bank-web".into(),
        tenant: "north".into(),
        session: "s".into(),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        permissions,
    };
    let granted = |roles: &[&str]| {
        let owned: Vec<String> = roles.iter().map(|&role| role.to_owned()).collect();
        plan.permissions_of(&owned, "bank-web")
    };
    vec![
        ("nobody".into(), None),
        (
            "user".into(),
            Some(principal(&["user"], granted(&["user"]))),
        ),
        (
            "admin".into(),
            Some(principal(&["admin"], granted(&["admin"]))),
        ),
        (
            "user and admin".into(),
            Some(principal(&["user", "admin"], granted(&["user", "admin"]))),
        ),
        (
            "user without permissions".into(),
            Some(principal(&["user"], Vec::new())),
        ),
        (
            "user's permissions without role".into(),
            Some(principal(&[], granted(&["user"]))),
        ),
        (
            "user with admin's permissions".into(),
            Some(principal(&["user"], granted(&["admin"]))),
        ),
    ]
}

/// Every principal × route × method, and methods that a route does not offer.
fn matrix(plan: &Plan) -> String {
    let mut lines = vec![
        "# Generated from bank/vauban.yaml by the test that compares it; review the difference."
            .to_owned(),
    ];
    for route in &plan.routes {
        for (method, at) in &route.operations {
            let (service, operation) = plan.operation(*at);
            lines.push(format!(
                "{method} {} -> {} {}",
                route.path, service.name, operation.id
            ));
            for (name, principal) in principals(plan) {
                let decision = match authorize(route, principal.as_ref()) {
                    Ok(()) => "permit".to_owned(),
                    Err(denial) => format!("{} {}", denial.status(), denial.code()),
                };
                lines.push(format!("    {name}: {decision}"));
            }
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_decisions_are_those_of_the_golden_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/decisions.golden");
    let found = matrix(&plan());
    let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("decisions.golden");
    std::fs::write(&new, &found).unwrap();
    assert_eq!(
        found,
        read(&path),
        "the decisions have changed; review them, then copy {} here",
        new.display()
    );
}

#[test]
fn every_operation_of_the_bank_has_a_route_and_every_object_a_rule() {
    let plan = plan();
    for service in &plan.services {
        for operation in &service.document.operations {
            let routed = plan
                .routes
                .iter()
                .flat_map(|route| route.operations.values());
            let found = routed
                .map(|at| plan.operation(*at))
                .any(|(owner, one)| owner.name == service.name && one.id == operation.id);
            assert!(found, "{} {}", service.name, operation.id);
            let undeclared = matches!(
                operation.ownership,
                vauban_policy::Ownership::Undeclared { .. }
            );
            assert!(
                !undeclared && operation.unbound.is_empty(),
                "{} {}",
                service.name,
                operation.id
            );
        }
    }
}

#[test]
fn only_what_must_be_is_open_to_nobody() {
    let plan = plan();
    let open = plan
        .routes
        .iter()
        .filter(|route| matches!(route.authenticate, Authenticate::None { .. }));
    let open: Vec<&str> = open.map(|route| route.path.as_str()).collect();
    assert_eq!(
        open,
        [
            "/auth/login",
            "/auth/refresh",
            // Clients prove who they are to the authority itself, and users log in on its page.
            "/oauth/authorize",
            "/oauth/token",
            "/oauth/par",
            "/oauth/introspect",
            "/oauth/revoke",
            "/.well-known/oauth-authorization-server",
            "/.well-known/jwks.json"
        ]
    );
}

#[test]
fn permissions_are_what_roles_grant_and_the_client_may_carry() {
    let plan = plan();
    let cases: [(&[&str], &str, &[&str]); 4] = [
        (&["admin"], "bank-web", &["admin:profiles", "read:profile"]),
        (&["admin"], "unknown", &[]),
        (&["nobody"], "bank-web", &[]),
        (&[], "bank-web", &[]),
    ];
    for (roles, client, expected) in cases {
        let roles: Vec<String> = roles.iter().map(|&role| role.to_owned()).collect();
        assert_eq!(
            plan.permissions_of(&roles, client),
            expected,
            "{roles:?} {client}"
        );
    }
}

#[test]
fn spiffe_ids_name_lines_guards_and_services() {
    let plan = plan();
    assert_eq!(plan.spiffe_edge(), "spiffe://bank.internal/line/edge");
    assert_eq!(
        plan.spiffe_authority(),
        "spiffe://bank.internal/line/authority"
    );
    assert_eq!(
        plan.spiffe_guard("accounts"),
        "spiffe://bank.internal/guard/accounts"
    );
    assert_eq!(
        plan.spiffe_service("accounts"),
        "spiffe://bank.internal/service/accounts"
    );
}

#[test]
fn the_plan_knows_its_workloads_and_the_authority_is_none_of_them() {
    let mut workloads = plan().workloads();
    workloads.sort_unstable();
    let expected = [
        "guard/accounts",
        "guard/images",
        "guard/payments",
        "line/edge",
        "service/accounts",
        "service/images",
        "service/payments",
    ]
    .map(|path| format!("spiffe://bank.internal/{path}"));
    assert_eq!(workloads, expected);
}
