//! The published route block loads as it is written, and means: any listed role, all listed permissions.

use std::path::Path;

use vauban_policy::{Authenticate, Behind, Denial, Plan, Principal, Spot, authorize};

use crate::files::{load_data, read};

fn plan() -> Plan {
    load_data("seed.yaml").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn principal(roles: &[&str], permissions: &[&str]) -> Principal {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Principal {
        subject: "123".into(),
        client_id: "web".into(),
        tenant: "north".into(),
        session: "s".into(),
        roles: words(roles),
        permissions: words(permissions),
    }
}

#[test]
fn the_plan_holds_the_block_byte_for_byte() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let plan = read(&data.join("seed.yaml"));
    assert!(plan.ends_with(&format!("\n{}", read(&data.join("seed-routes.txt")))));
}

#[test]
fn the_block_becomes_one_route_to_the_service_that_declares_it() {
    let plan = plan();
    let [route] = plan.routes.as_slice() else {
        panic!("one route, found {:?}", plan.routes)
    };
    assert_eq!(route.path.as_str(), "/api/v1/user/profile/{id}");
    assert_eq!(route.authenticate, Authenticate::Jwt);
    assert_eq!(route.operations.keys().collect::<Vec<_>>(), ["GET"]);
    let (service, operation) = plan.operation(route.operations["GET"]);
    assert_eq!(
        (service.name.as_str(), operation.id.as_str()),
        ("profiles", "readProfile")
    );
}

#[test]
fn what_later_judges_point_at_keeps_its_place() {
    let plan = plan();
    let service = plan.service("profiles").unwrap();
    let Behind::Guard(guard) = &service.behind else {
        panic!("profiles has a guard");
    };
    let at = |file: &str, spot: Spot| format!("{file}:{}:{}", spot.line, spot.column);
    let operation = service.document.operations[0].spot;
    assert_eq!(at(&service.document.file, operation), "profiles.yaml:5:5");
    let statement = guard.facts.objects["Profile"].spot;
    assert_eq!(at(&plan.file, statement), "seed.yaml:26:11");
}

/// Roles, permissions and what is decided.
type Case = (
    &'static [&'static str],
    &'static [&'static str],
    Result<(), Denial>,
);

#[test]
fn any_listed_role_and_all_listed_permissions() {
    let cases: [Case; 6] = [
        (&["user"], &["read:profile"], Ok(())),
        (&["admin"], &["read:profile"], Ok(())),
        (&["auditor", "admin"], &["write:x", "read:profile"], Ok(())),
        (&["auditor"], &["read:profile"], Err(Denial::RoleMissing)),
        (&[], &["read:profile"], Err(Denial::RoleMissing)),
        (
            &["user"],
            &["read:profiles"],
            Err(Denial::PermissionMissing),
        ),
    ];
    let plan = plan();
    for (roles, permissions, expected) in cases {
        let decided = authorize(&plan.routes[0], Some(&principal(roles, permissions)));
        assert_eq!(decided, expected, "{roles:?} {permissions:?}");
    }
    assert_eq!(authorize(&plan.routes[0], None), Err(Denial::TokenMissing));
}
