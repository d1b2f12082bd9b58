//! SIGHUP: the rules are read again while the lines serve.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::house::House;

/// How often the answer is asked for until it changes, ten times a second.
const TRIES: usize = 300;

fn write_rule(state: &Path, word: &str) {
    let rule = format!(
        "SecRequestBodyAccess On\nSecRule REQUEST_HEADERS:X-Test \"@streq {word}\" \"id:1,phase:1,deny\"\n"
    );
    std::fs::write(state.join("own.conf"), rule).unwrap();
}

fn hang_up(pid: u32) {
    let sent = Command::new("kill")
        .args(["-HUP", &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn refused(house: &House, word: &str) -> bool {
    let answer = house.curl("GET", "/accounts", &[&format!("x-test: {word}")], None);
    match (answer.status, answer.code().as_str()) {
        (403, "waf.refused") => true,
        (401, "token.missing") => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sighup_puts_new_rules_in_force_and_keeps_the_old_ones_when_they_have_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    drop(House::on(&state, &[]));
    let plan = state.join("vauban.yaml");
    let text = std::fs::read_to_string(&plan).unwrap();
    assert!(text.contains("rules: [baseline]"));
    std::fs::write(
        &plan,
        text.replace("rules: [baseline]", "rules: [own.conf]"),
    )
    .unwrap();
    write_rule(&state, "first");
    let house = House::run(&state);
    let edge = house.pid("edge");
    assert!(refused(&house, "first") && !refused(&house, "second"));

    std::fs::write(state.join("own.conf"), "SecRool x\n").unwrap();
    hang_up(house.supervisor());
    let refusal = "the rules in force stay";
    wait_for(|| audit(&state).contains(refusal));
    assert!(refused(&house, "first"));

    write_rule(&state, "second");
    hang_up(house.supervisor());
    wait_for(|| refused(&house, "second"));
    assert!(!refused(&house, "first"));
    assert_eq!(house.pid("edge"), edge, "it is the same process");
}

/// The edge's audit log, as it lies on the disk.
fn audit(state: &Path) -> String {
    std::fs::read_to_string(state.join("audit/edge/000001.seg")).unwrap()
}

#[track_caller]
fn wait_for(happens: impl Fn() -> bool) {
    for _ in 0..TRIES {
        if happens() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("it did not happen");
}
