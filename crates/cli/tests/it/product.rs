//! The product contains no fault code. Here the unoptimised binary; `cargo xtask product` looks at those of other profiles.

use std::path::Path;
use std::process::Command;

use crate::house::VAUBAN;

/// Crates that only tests and drills link.
const FOREIGN: [&str; 3] = ["vauban-drill", "vauban-attack", "vauban-testkit"];

/// Whether the word stands in the binary.
fn holds(binary: &Path, word: &str) -> bool {
    let found = Command::new("grep")
        .args(["--quiet", "--text", "--fixed-strings", "-e", word, "--"])
        .arg(binary)
        .env("LC_ALL", "C")
        .status()
        .unwrap();
    match found.code() {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("grep could not read {}: {found}", binary.display()),
    }
}

#[test]
fn the_binary_links_neither_the_drill_nor_the_attacks() {
    for name in FOREIGN {
        let word = name.replace('-', "_");
        assert!(
            !holds(Path::new(VAUBAN), &word),
            "`vauban` contains `{word}`"
        );
    }
    // The same words are in the drill's own binary, so their absence means something.
    let drill = Path::new(VAUBAN).with_file_name("vauban-drill");
    for word in ["vauban_drill", "vauban_attack"] {
        assert!(
            holds(&drill, word),
            "`vauban-drill` does not contain `{word}`"
        );
    }
}

/// What `cargo build --release -p vauban-cli` links on this machine, whatever features are chosen; a profile changes no edge.
/// Tidy asks the same for every target.
#[test]
fn cargo_agrees() {
    for features in [None, Some("--all-features"), Some("--no-default-features")] {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "-p", "vauban-cli"])
            .args(["-e", "normal,build", "--prefix", "none"])
            .args(features)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let tree = String::from_utf8_lossy(&output.stdout);
        let links = |name: &str| {
            tree.lines()
                .any(|line| line.split(' ').next() == Some(name))
        };
        assert!(links("vauban-edge"), "{tree}");
        for name in FOREIGN {
            assert!(!links(name), "{features:?} links {name}:\n{tree}");
        }
    }
}
