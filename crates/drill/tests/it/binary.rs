use std::path::Path;
use std::process::{Command, Output};

/// Writes the bank's plan, changed, with everything beside it.
fn bank(folder: &Path, change: impl Fn(String) -> String) {
    std::fs::write(
        folder.join("vauban.yaml"),
        change(vauban_bank::files::PLAN.to_owned()),
    )
    .unwrap();
    for (name, text) in vauban_bank::files::BESIDE_PLAN {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn drill(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vauban-drill"));
    command
        .arg("-c")
        .arg(folder.join("vauban.yaml"))
        .args(more)
        .output()
        .unwrap()
}

fn refused(change: impl Fn(String) -> String, more: &[&str], code: i32, message: &str) {
    let folder = tempfile::tempdir().unwrap();
    bank(folder.path(), change);
    let output = drill(folder.path(), more);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(code), &b""[..]),
        "{told}"
    );
    assert!(told.contains(message), "{told}");
}

#[test]
fn what_is_not_drilled_is_said_and_nothing_is_started() {
    refused(
        |text| {
            let keys = "environment: production\nkeys: { cache_seconds: 60, danger_plain: test }";
            text.replace("environment: development", keys)
        },
        &[],
        3,
        "vauban-drill: this plan is not drilled: the plan says `environment: production`",
    );
    refused(
        |text| text.replace("hosts: [localhost, 127.0.0.1]", "hosts: [api.bank.example]"),
        &[],
        3,
        "listener `public` serves the public host `api.bank.example`",
    );
    refused(
        |text| text,
        &["--story", "none-such"],
        3,
        "there is no story `none-such`; there are `jwt-is-not-ownership`",
    );
    refused(
        |text| text.replace("version: 1", "version: 1\nsurprise: true"),
        &[],
        2,
        "surprise",
    );
    refused(
        |text| {
            text.replace(
                "        objects: {}",
                "        objects: { Picture: \"SELECT 1 AS owner WHERE 1 = $1\" }",
            )
        },
        &[],
        2,
        "vauban.yaml:61:20: `cedar/bank.cedarschema` declares no entity `Picture`, which has a statement",
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(drill(empty.path(), &[]).status.code(), Some(2));
}

#[test]
fn the_quick_drill_writes_what_explain_reads() {
    let folder = tempfile::tempdir().unwrap();
    bank(folder.path(), |text| text);
    let out = folder.path().join("drill/last.json");
    let output = drill(
        folder.path(),
        &[
            "--quick",
            "--format",
            "json",
            "--out",
            out.to_str().unwrap(),
        ],
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let mut written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let known = written.as_object_mut().unwrap().remove("known").unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(written, printed);
    assert_eq!(
        (
            &known["edge.token"]["A30"]["control"],
            &known["edge.token"]["A30"]["started"]
        ),
        (&"authority.registry".into(), &printed["started"])
    );
    let at = |pointer: &str| {
        written
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {written:#}"))
    };
    assert_eq!(
        (at("/version"), at("/duds"), at("/holes")),
        (&2.into(), &serde_json::json!([]), &serde_json::json!([]))
    );
    assert_eq!(at("/backups/edge.token/A30"), "authority.registry");
    assert_eq!(at("/backups/guard.ownership/A01"), &serde_json::Value::Null);
    assert_eq!(at("/thin/A01/0"), "guard.ownership");
    assert_eq!(at("/cells/A01/all-down/verdict"), "through");
    assert_eq!(at("/twins/all-up/own-write"), "succeeded");
    // A story plays other losses; what the quick drill has seen stays, and each statement keeps its time.
    let output = drill(
        folder.path(),
        &["--story", "flat-inside", "--out", out.to_str().unwrap()],
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.as_str()), (Some(0), ""));
    let after: serde_json::Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(
        (&after["extent"], &after["known"]["edge.token"]),
        (&"flat-inside".into(), &known["edge.token"])
    );
    let story = &after["known"]["guard.peer"]["A80"];
    assert_eq!(
        (&story["started"], &story["control"]),
        (&after["started"], &"guard.token".into())
    );
    assert_ne!(after["started"], printed["started"]);
    // Another plan: nothing of it is known any more.
    bank(folder.path(), |text| format!("{text}# another plan\n"));
    let output = drill(
        folder.path(),
        &["--story", "flat-inside", "--out", out.to_str().unwrap()],
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.ends_with("is forgotten: the plan has changed since\n"),
        "{told}"
    );
    let after: serde_json::Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(after["known"].get("edge.token"), None);
}
