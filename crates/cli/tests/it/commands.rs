//! What the operator's commands say about a running instance.

use crate::house::{House, text, vauban};

#[test]
fn explain_names_the_control_the_fact_and_the_line() {
    let house = House::shared();
    let answer = house.get("/accounts/500201/statements", &house.token("alice"));
    let output = house.vauban(&["explain", answer.decision()]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for word in [
        "edge",
        "guard-accounts",
        "edge.token",
        "guard.session",
        "guard.ownership",
        "not drilled",
    ] {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
    assert!(said.contains("data       absent"), "{said}");

    // A damaged result of a drill hides nothing else of the explanation.
    let last = house.state.join("drill/last.json");
    std::fs::create_dir_all(last.parent().unwrap()).unwrap();
    std::fs::write(&last, "{\"version\": 2, \"kno").unwrap();
    let output = house.vauban(&["explain", answer.decision()]);
    std::fs::remove_file(&last).unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("guard.session") && said.contains("last.json` is not a drill's result"),
        "{said}"
    );
}

#[test]
fn explain_of_an_unknown_id_is_a_clear_exit_1() {
    let house = House::shared();
    let output = house.vauban(&["explain", "00000000000000000000000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no line has recorded a decision `00000000000000000000000000`"));
}

#[test]
fn audit_verify_reads_every_chain() {
    let house = House::shared();
    house.get("/accounts", "nonsense");
    let output = house.vauban(&["audit", "verify"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("edge") && said.contains("authority"),
        "{said}"
    );
}

#[test]
fn the_bank_has_no_seam_that_check_knows() {
    let house = House::shared();
    let plan = house.state.join("vauban.yaml");
    let output = vauban(&["check", "-c", plan.to_str().unwrap(), "--format", "json"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
}

#[test]
fn one_library_everywhere_is_found_in_a_components_file() {
    let house = House::shared();
    let plan = house.state.join("vauban.yaml");
    let components = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/demo/stories/one-jwt-library.components.json"
    );
    let output = vauban(&[
        "check",
        "-c",
        plan.to_str().unwrap(),
        "--components",
        components,
    ]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("SEAM-JWT-01"), "{said}");
}

#[test]
fn run_serves_the_plan_and_answers_for_services_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    drop(House::on(&state, &[]));
    let house = House::run(&state);
    let token = house.login("alice").access;
    let answer = house.get("/accounts/500101/statements", &token);
    assert_eq!(
        (answer.status, answer.code()),
        (502, "upstream.unavailable".to_owned())
    );
    // What the guard decides before the service is asked stays decided.
    let foreign = house.get("/accounts/500201/statements", &token);
    assert_eq!(
        (foreign.status, foreign.code()),
        (404, "object.foreign_hidden".to_owned())
    );
}
