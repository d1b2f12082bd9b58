//! What bad state and bad configuration get: a clear refusal, and nothing overwritten.

use std::path::Path;

use crate::house::{House, text, vauban};
use crate::mistakes::bank;

fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let output = vauban(arguments);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
}

#[test]
fn a_second_demo_on_the_same_state() {
    let house = House::shared();
    refused(
        &["demo", "--once", "--state", house.state.to_str().unwrap()],
        3,
        &["in use"],
    );
}

#[test]
fn a_state_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    drop(House::on(&state, &[]));
    std::fs::write(state.join("version"), "7\n").unwrap();
    refused(
        &["demo", "--once", "--state", state.to_str().unwrap()],
        3,
        &["version", "`7`"],
    );
    assert_eq!(
        std::fs::read_to_string(state.join("version")).unwrap(),
        "7\n"
    );
}

#[test]
fn a_damaged_authority_database() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    drop(House::on(&state, &[]));
    let database = state.join("authority/authority.db");
    let mut bytes = std::fs::read(&database).unwrap();
    for byte in &mut bytes[..4096] {
        *byte ^= 0x5a;
    }
    std::fs::write(&database, &bytes).unwrap();
    refused(
        &["demo", "--once", "--state", state.to_str().unwrap()],
        3,
        &["authority.db"],
    );
    assert_eq!(
        std::fs::read(&database).unwrap(),
        bytes,
        "the database was written to"
    );
}

#[test]
fn a_damaged_audit_segment() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let house = House::on(&state, &[]);
    for _ in 0..5 {
        house.get("/accounts", "nonsense");
    }
    drop(house);
    let segment = state.join("audit/edge/000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    refused(
        &["audit", "verify", "--state", state.to_str().unwrap()],
        1,
        &["damaged", "000001.seg"],
    );
    refused(
        &["demo", "--once", "--state", state.to_str().unwrap()],
        3,
        &["000001.seg"],
    );
    assert_eq!(
        std::fs::read(&segment).unwrap(),
        bytes,
        "the segment was written to"
    );
}

/// A copy of the bank's plan with one line changed.
fn changed(folder: &Path, from: &str, to: &str) -> String {
    bank(folder, &[("vauban.yaml", from, to)])
}

#[test]
fn every_mistake_is_named_with_its_place_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let plan = changed(
        folder.path(),
        "access_token_seconds: 900",
        "access_token_secondz: 900\n    colour: blue",
    );
    for command in ["check", "run"] {
        refused(
            &[command, "-c", &plan],
            2,
            &[
                "vauban.yaml:",
                "access_token_secondz",
                "colour",
                "access_token_seconds",
            ],
        );
    }
}

#[test]
fn a_drill_never_runs_on_production() {
    let folder = tempfile::tempdir().unwrap();
    let plan = changed(
        folder.path(),
        "environment: development",
        "environment: production\nkeys: { cache_seconds: 60, danger_plain: test }",
    );
    let output = vauban(&["drill", "-c", &plan, "--quick"]);
    let said = text(&output);
    assert!([Some(2), Some(3)].contains(&output.status.code()), "{said}");
    assert!(said.contains("production"), "{said}");
}

#[test]
fn a_drill_never_runs_against_public_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let plan = changed(folder.path(), "[localhost, 127.0.0.1]", "[api.example.com]");
    let output = vauban(&["drill", "-c", &plan, "--quick"]);
    let said = text(&output);
    assert!([Some(2), Some(3)].contains(&output.status.code()), "{said}");
    assert!(said.contains("api.example.com"), "{said}");
}

#[test]
fn an_unknown_line_is_named() {
    let bank = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bank/vauban.yaml");
    refused(
        &["run", "-c", bank, "--line", "guard:nothing"],
        2,
        &["`guard:nothing`"],
    );
}
