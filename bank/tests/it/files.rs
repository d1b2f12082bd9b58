//! The bank's own plan loads, and says what the seed of this project says.

use vauban_bank::{Service, files};
use vauban_policy::{Authenticate, TextFile, load};

const AUTHORITY: &str = include_str!("../../../crates/authority/openapi.yaml");
/// The route block that this project began with, word for word.
const FIRST_ROUTE: &str = include_str!("../data/first-route.yaml");

fn read(name: &str) -> Result<String, String> {
    let found = files::BESIDE_PLAN.iter().find(|(other, _)| *other == name);
    found
        .map(|(_, text)| (*text).to_owned())
        .ok_or_else(|| format!("no file `{name}`"))
}

#[test]
fn the_plan_loads() {
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text: files::PLAN.to_owned(),
    };
    let plan = match load(&main, &mut read, &[("authority", AUTHORITY)]) {
        Ok(plan) => plan,
        Err(mistakes) => panic!("{mistakes}"),
    };
    for service in Service::ALL {
        assert!(plan.service(service.name()).is_some(), "{service}");
    }
    let profile = &plan.routes[0];
    assert_eq!(profile.path.as_str(), "/api/v1/user/profile/{id}");
    assert_eq!(profile.authenticate, Authenticate::Jwt);
    assert_eq!(profile.authorize.roles, ["user", "admin"]);
    assert_eq!(profile.authorize.permissions, ["read:profile"]);
    assert_eq!(profile.operations.keys().collect::<Vec<_>>(), ["GET"]);
}

#[test]
fn the_first_route_stands_in_the_plan_as_it_was_written() {
    assert!(files::PLAN.contains(FIRST_ROUTE));
}

#[test]
fn the_plan_on_postgresql_loads() {
    let mut text = String::new();
    let mut service = "";
    for line in files::PLAN.lines() {
        service = line.strip_prefix("  - name: ").unwrap_or(service);
        let url = format!("database: {{ postgres: \"file:secrets/facts-{service}.url\" }}");
        text += &line.replace("database: { sqlite: data/bank.db }", &url);
        text += "\n";
    }
    assert!(text.contains("facts-images.url"));
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text,
    };
    if let Err(mistakes) = load(&main, &mut read, &[("authority", AUTHORITY)]) {
        panic!("{mistakes}");
    }
}
