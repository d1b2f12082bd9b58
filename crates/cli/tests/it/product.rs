//! The product contains no fault code.

use std::path::Path;
use std::process::Command;

use crate::house::VAUBAN;

fn holds(binary: &Path, word: &str) -> bool {
    let bytes = std::fs::read(binary).unwrap();
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

#[test]
fn the_binary_links_neither_the_drill_nor_the_attacks() {
    let drill = Path::new(VAUBAN).with_file_name("vauban-drill");
    for word in ["vauban_drill", "vauban_attack"] {
        assert!(
            !holds(Path::new(VAUBAN), word),
            "`vauban` contains `{word}`"
        );
        // The same words are in the drill's own binary, so their absence means something.
        assert!(
            holds(&drill, word),
            "`vauban-drill` does not contain `{word}`"
        );
    }
}

#[test]
fn cargo_agrees() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-p",
            "vauban-cli",
            "-e",
            "normal,build",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.contains("vauban-edge"), "{tree}");
    assert!(
        !tree.contains("vauban-drill") && !tree.contains("vauban-attack"),
        "{tree}"
    );
}
