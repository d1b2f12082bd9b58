//! Running other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::say;

/// A program found on `PATH` or in the usual system folders.
pub(crate) fn exists(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

/// Runs a program in `folder`, shows what it prints, fails when it fails.
pub(crate) fn run<S: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: &[S],
) -> anyhow::Result<()> {
    let words: Vec<_> = arguments
        .iter()
        .map(|word| word.as_ref().to_string_lossy().into_owned())
        .collect();
    say(&format!("$ {program} {}", words.join(" ")));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start `{program}`"))?;
    if !status.success() {
        bail!("`{program} {}` ended with {status}", words.join(" "));
    }
    Ok(())
}

/// Runs a program in `folder` and returns its standard output.
pub(crate) fn output<S: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: &[S],
) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` ended with {}", output.status);
    }
    Ok(output.stdout)
}

/// `cargo metadata` of the workspace.
pub(crate) fn metadata(root: &Path) -> anyhow::Result<serde_json::Value> {
    let text = output(
        root,
        env!("CARGO"),
        &["metadata", "--format-version", "1", "--locked"],
    )?;
    serde_json::from_slice(&text).context("`cargo metadata` did not print JSON")
}

/// Where cargo puts what it builds.
pub(crate) fn target(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = metadata(root)?;
    let folder = metadata
        .get("target_directory")
        .and_then(|value| value.as_str());
    Ok(PathBuf::from(folder.context("target folder")?))
}
