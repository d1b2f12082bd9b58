//! Rotation of the authority's keys while every line runs.

use std::process::{Command, Output};
use std::time::Duration;

use crate::house::{House, VAUBAN, text};

/// `vauban key …` on this house.
fn key(house: &House, arguments: &[&str]) -> Output {
    let mut command = Command::new(VAUBAN);
    command.arg("key").args(arguments);
    command.arg("--state").arg(&house.state);
    if arguments[0] != "list" {
        command.arg("--config").arg(house.state.join("vauban.yaml"));
    }
    command.output().unwrap()
}

/// The key of this purpose that signs.
fn signs(house: &House, purpose: &str) -> String {
    let listed = text(&key(house, &["list"]));
    let line = listed
        .lines()
        .find(|line| line.starts_with(purpose) && line.ends_with("  signs"));
    let line = line.unwrap_or_else(|| panic!("{listed}"));
    line.split_whitespace().nth(1).unwrap().to_owned()
}

fn kid(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let head = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let head: serde_json::Value = serde_json::from_slice(&head).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

#[test]
fn edge_and_guards_follow_a_rotation_without_a_restart() {
    let house = House::start();
    let before = house.login("alice");
    let old = signs(&house, "access");
    assert_eq!(kid(&before.access), old);
    assert_eq!(house.get("/accounts", &before.access).status, 200);
    let set = house.curl("GET", "/.well-known/jwks.json", &[], None);
    assert_eq!(set.header("cache-control"), "public, max-age=60");

    for purpose in ["access", "internal"] {
        let output = key(&house, &["rotate", purpose, "--now"]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(
            text(&output).trim_end().ends_with("  signs"),
            "{}",
            text(&output)
        );
    }
    let new = signs(&house, "access");
    assert_ne!(new, old);
    // The authority looks every second; a minute is more than any machine needs.
    for attempt in 0.. {
        let set = house.curl("GET", "/.well-known/jwks.json", &[], None);
        if set.status == 200 && set.json()["keys"][0]["kid"] == new.as_str() {
            break;
        }
        assert!(attempt < 300, "{set:?}");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    // Neither the edge nor the guard has met these keys; both fetch them now. The old token is good until it ends.
    let after = house.login("alice");
    assert_eq!(kid(&after.access), new);
    assert_eq!(house.get("/accounts", &after.access).status, 200);
    assert_eq!(house.get("/accounts", &before.access).status, 200);

    let output = key(&house, &["retire", &new]);
    assert_eq!(output.status.code(), Some(2));
    let said = format!(
        "error: the key `{new}` signs now\n  hint: vauban key rotate --now, then retire it\n"
    );
    assert_eq!(text(&output), said);
    let output = key(&house, &["retire", &old]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&key(&house, &["list"])).contains(&old));
}
