use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{FILE_BYTES_MAX, keep};
use crate::fault::Extent;
use crate::json;
use crate::known::tests::{played, story};

/// Keeps a full or a story's drill of this plan; returns what was told.
fn drill(file: &Path, extent: Extent, started: u64, plan: &str) -> Option<String> {
    let mut played = played(extent, started, |_, _| None);
    plan.clone_into(&mut played.origin.plan_sha256);
    let result = json::render(&played);
    keep(file, result, &played.origin, |known| known.learn(&played)).unwrap()
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// What the file says of A01 without ownership and of A10 without roles: when each was seen.
fn seen(file: &Path) -> [Value; 2] {
    let value = read(file);
    ["guard.ownership/A01", "edge.roles/A10"].map(|path| {
        let pointer = format!("/known/{path}/started");
        value.pointer(&pointer).cloned().unwrap_or_default()
    })
}

#[test]
fn a_story_adds_to_what_the_file_knows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drill/last.json");
    assert_eq!(drill(&file, Extent::Full, 1, "p"), None);
    assert_eq!(drill(&file, story(), 2, "p"), None);
    assert_eq!(seen(&file), [json!(2), json!(1)]);
    // The rest is the last drill's own result.
    let value = read(&file);
    assert_eq!(
        (
            value["extent"].as_str(),
            value["rows"].as_array().map(Vec::len)
        ),
        (Some("jwt-is-not-ownership"), Some(1))
    );
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names = std::fs::read_dir(folder.path().join("drill")).unwrap();
    assert_eq!(names.count(), 1, "something was left beside the file");
}

/// The file is replaced, nothing of it is believed, and that is said.
fn forgotten(before: &[u8], why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    std::fs::write(&file, before).unwrap();
    let told = drill(&file, story(), 2, "p").unwrap();
    assert!(
        told.contains("is forgotten: ") && told.contains(why),
        "{told}"
    );
    assert_eq!(seen(&file), [json!(2), Value::Null]);
}

#[test]
fn another_plan_or_another_program_knows_nothing_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    drill(&file, Extent::Full, 1, "another plan");
    let full = std::fs::read(&file).unwrap();
    forgotten(&full, "the plan has changed since");
    drill(&file, Extent::Full, 1, "p");
    let mut value = read(&file);
    value["program_sha256"] = json!("another program");
    let text = value.to_string();
    forgotten(text.as_bytes(), "another vauban-drill wrote it");
}

#[test]
fn a_damaged_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    drill(&file, Extent::Full, 1, "p");
    let full = std::fs::read(&file).unwrap();
    let no_result = "it is not a drill's result";
    forgotten(b"", no_result);
    forgotten(&full[..full.len() / 2], no_result);
    forgotten("[".repeat(100_000).as_bytes(), no_result);
    forgotten(b"\xff\xfe", no_result);
    forgotten(
        b"{\"version\": 1}",
        "it is not a drill's result of version 2",
    );
    forgotten(b"{\"version\": 2, \"known\": []}", no_result);
    let mut value = read(&file);
    value["known"]["guard.ownership"]["A01"]["verdict"] = json!("surely");
    forgotten(value.to_string().as_bytes(), no_result);
}

#[test]
fn a_file_is_read_back_up_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    drill(&file, Extent::Full, 1, "p");
    let mut text = std::fs::read(&file).unwrap();
    text.resize(usize::try_from(FILE_BYTES_MAX).unwrap(), b' ');
    std::fs::write(&file, &text).unwrap();
    assert_eq!(drill(&file, story(), 2, "p"), None);
    text.push(b' ');
    forgotten(&text, "it is longer than 8388608 bytes");
}

#[test]
fn a_file_that_cannot_be_replaced_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.json");
    std::fs::create_dir(&file).unwrap();
    let played = played(story(), 1, |_, _| None);
    let result = json::render(&played);
    assert!(keep(&file, result, &played.origin, |known| known.learn(&played)).is_err());
}
