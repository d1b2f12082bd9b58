//! `cargo xtask product`: no fault code in the binary, proved on the file that is shipped.
//!
//! The test of `vauban-cli` looks at the unoptimised binary. Inlining, link-time optimisation and stripping make another file of
//! the same sources, so every profile that is built here is looked at, and any file that is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::run::target;
use crate::say;

/// What stands in a binary that links the drill, the attacks or the test kit: crate names in symbols, source paths in the
/// places of panics. The paths outlive `strip`.
const FORBIDDEN: &[&str] = &[
    "vauban_drill",
    "vauban_attack",
    "vauban_testkit",
    "crates/drill/src/",
    "crates/attack/src/",
    "testkit/src/",
];

/// What stands in every product. Where it is missing, the absence of the others means nothing.
const EXPECTED: &str = "crates/edge/src/";

/// Folders of the target directory in which a product may stand.
const PROFILES: &[&str] = &["debug", "release", "dist"];

/// Looks at these binaries, or at the one of every profile that is built; builds nothing.
pub(crate) fn product(root: &Path, named: &[PathBuf]) -> anyhow::Result<()> {
    let built = if named.is_empty() {
        built(root)?
    } else {
        named.to_vec()
    };
    if built.is_empty() {
        bail!("no `vauban` is built; `cargo build --release -p vauban-cli` builds one");
    }
    for binary in &built {
        examine(binary)?;
        say(&format!("no fault code: {}", binary.display()));
    }
    Ok(())
}

/// The product of every profile that is built.
fn built(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let target = target(root)?;
    let products = PROFILES
        .iter()
        .map(|profile| target.join(profile).join("vauban"));
    Ok(products.filter(|product| product.is_file()).collect())
}

/// Fails when the file holds fault code, or when it cannot be told.
pub(crate) fn examine(binary: &Path) -> anyhow::Result<()> {
    let name = binary.display();
    let found = words(binary)?;
    let faults: Vec<&str> = FORBIDDEN
        .iter()
        .copied()
        .filter(|word| found.contains(*word))
        .collect();
    if !faults.is_empty() {
        bail!("`{name}` contains {}", faults.join(", "));
    }
    if !found.contains(EXPECTED) {
        bail!("`{name}` does not even contain {EXPECTED}, so nothing is proved");
    }
    Ok(())
}

/// Which of the words stand in the file. `grep`, because 200 MB are slow to walk without optimisation.
fn words(binary: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut command = Command::new("grep");
    command.args(["--only-matching", "--text", "--fixed-strings"]);
    for word in FORBIDDEN.iter().chain([&EXPECTED]) {
        command.args(["-e", word]);
    }
    let output = command
        .arg("--")
        .arg(binary)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .context("could not start `grep`")?;
    // 1 means that nothing matched.
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` could not be read: {}", binary.display(), said.trim());
    }
    let found = String::from_utf8_lossy(&output.stdout);
    Ok(found.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
