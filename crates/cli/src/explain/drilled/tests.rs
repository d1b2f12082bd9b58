use serde_json::{Value, json};

use super::{Drilled, FILE_BYTES_MAX};

fn file() -> Value {
    let full = |verdict: &str, control: Option<&str>, needed: bool| {
        json!({
            "verdict": verdict, "control": control, "needed": needed,
            "started": 1_795_391_493_000_u64, "extent": "full",
        })
    };
    let story = json!({
        "verdict": "through", "needed": true,
        "started": 1_795_477_893_000_u64, "extent": "jwt-is-not-ownership",
    });
    json!({
        "version": 2,
        "known": {
            "guard.ownership": {
                "A01": story,
                "A02": full("through", None, true),
                "A30": full("stopped", Some("edge.token"), false),
            },
            "edge.token": {
                "A30": full("stopped", Some("authority.registry"), true),
                "A32": full("inconclusive", None, true),
                "A35": full("stopped", None, true),
            },
            "guard.token": {
                "A01": full("stopped", Some("guard.ownership"), false),
                "A10": full("stopped", Some("edge.roles"), false),
            },
            "edge.roles": {},
        },
    })
}

/// What is said about this control when the file holds these bytes.
fn check(content: Option<&[u8]>, control: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    if let Some(content) = content {
        std::fs::write(&file, content).unwrap();
    }
    let name = file.display().to_string();
    let said: Vec<String> = Drilled::read(&file)
        .without(control)
        .iter()
        .map(|line| line.replace(&name, "last.json"))
        .collect();
    assert_eq!(said, expected);
}

#[test]
fn each_statement_says_from_which_drill_it_comes() {
    let text = file().to_string();
    for (control, expected) in [
        (
            "guard.ownership",
            &[
                "if guard.ownership were down (jwt-is-not-ownership drill, 2026-11-23 23:51:33 UTC): A01 gets THROUGH",
                "if guard.ownership were down (full drill, 2026-11-22 23:51:33 UTC): A02 gets THROUGH",
            ][..],
        ),
        (
            "edge.token",
            &[
                "if edge.token were down (full drill, 2026-11-22 23:51:33 UTC): A30 is still stopped by authority.registry; \
               A32 is unclear; A35 is still stopped by something unnamed",
            ],
        ),
        (
            "guard.token",
            &[
                "if guard.token were down (full drill, 2026-11-22 23:51:33 UTC): none of 2 drilled attacks needs it",
            ],
        ),
        (
            "edge.roles",
            &["if edge.roles were down: not drilled (no drill has taken it away)"],
        ),
        (
            "edge.framing",
            &["if edge.framing were down: not drilled (no drill has taken it away)"],
        ),
    ] {
        check(Some(text.as_bytes()), control, expected);
    }
}

#[test]
fn a_damaged_file_says_nothing() {
    let whole = file();
    let text = whole.to_string();
    let changed = |pointer: &str, value: Value| {
        let mut file = whole.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        file.to_string().into_bytes()
    };
    let seen = "/known/guard.ownership/A01";
    let damaged = "if guard.ownership were down: not drilled (`last.json` is not a drill's result of version 2; \
                   run `vauban drill --state …`)";
    for content in [
        Vec::new(),
        text.as_bytes()[..text.len() / 2].to_vec(),
        "[".repeat(100_000).into_bytes(),
        b"\xff\xfe\x00".to_vec(),
        b"null".to_vec(),
        changed("/version", json!(1)),
        changed("/known", json!([])),
        changed("/known/guard.ownership", json!("A01")),
        changed(seen, json!(null)),
        changed(&format!("{seen}/verdict"), json!("surely")),
        changed(&format!("{seen}/needed"), json!("yes")),
        changed(&format!("{seen}/started"), json!(-1)),
        changed(&format!("{seen}/extent"), json!({})),
    ] {
        check(Some(&content), "guard.ownership", &[damaged]);
    }
    check(
        None,
        "guard.ownership",
        &["if guard.ownership were down: not drilled (run `vauban drill --state …`)"],
    );
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let mut text = file().to_string().into_bytes();
    text.resize(usize::try_from(FILE_BYTES_MAX).unwrap(), b' ');
    let fine = "if guard.token were down (full drill, 2026-11-22 23:51:33 UTC): none of 2 drilled attacks needs it";
    check(Some(&text), "guard.token", &[fine]);
    text.push(b' ');
    let long =
        "if guard.token were down: not drilled (`last.json`: it is longer than 8388608 bytes)";
    check(Some(&text), "guard.token", &[long]);
}
