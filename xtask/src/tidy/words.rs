//! Words that must not stand in the tree: ignored tests, sleeping tests, bare `allow`s.

use std::path::Path;

use super::files::Source;

/// Finds them, with the line.
pub(crate) fn judge(root: &Path, sources: &[Source]) -> Vec<String> {
    // Written in two halves so that this file does not find itself.
    let forbidden = [
        (concat!("#[ig", "nore"), "no ignored tests"),
        (
            concat!("#[should_", "panic"),
            "assert the message, not that something panics",
        ),
        (
            concat!("thread::sl", "eep("),
            "wait for what you wait for, do not sleep",
        ),
    ];
    let mut broken = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            for (word, reason) in forbidden {
                if line.contains(word) && !line.trim_start().starts_with("//") {
                    broken.push(format!("{}:{}: {reason}", source.path, index + 1));
                }
            }
        }
    }
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "STYLE.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ] {
        if !root.join(file).exists() {
            broken.push(format!("{file} is missing"));
        }
    }
    broken
}
