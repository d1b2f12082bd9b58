use super::examine;

fn check(content: &[u8], expected: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vauban");
    std::fs::write(&file, content).unwrap();
    let said = examine(&file).err().map(|error| error.to_string());
    let name = file.display().to_string();
    let said = said.map(|text| text.replace(&name, "vauban"));
    assert_eq!(said.as_deref(), expected);
}

#[test]
fn a_binary_is_judged_by_what_stands_in_it() {
    check(b"\x7fELF\0\xff\ncrates/edge/src/tls.rs\0", None);
    check(
        b"\0crates/edge/src/tls.rs\0_RNvCs1_12vauban_drill4main\0",
        Some("`vauban` contains vauban_drill"),
    );
    // Stripped: only the places of panics are left.
    check(
        b"crates/edge/src/tls.rs\xffcrates/attack/src/stage.rs testkit/src/lib.rs",
        Some("`vauban` contains crates/attack/src/, testkit/src/"),
    );
    check(
        b"#!/bin/sh\nexec real-vauban\n",
        Some("`vauban` does not even contain crates/edge/src/, so nothing is proved"),
    );
}

#[test]
fn a_binary_that_is_not_there_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = examine(&folder.path().join("vauban")).unwrap_err();
    assert!(error.to_string().contains("could not be read"), "{error}");
}
