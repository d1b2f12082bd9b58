//! `vauban drill`: runs `vauban-drill`, which stands beside this binary or is built first, visibly.
//!
//! The faults live in that other binary, so that this one contains none.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::outcome::{Failure, Outcome};
use crate::{Format, tell};

/// Name of the drill's binary.
const DRILL: &str = "vauban-drill";

/// Runs the drill and passes its exit code on.
pub(crate) fn drill(config: &Path, format: Format, state: Option<&Path>, quick: bool) -> Outcome {
    let program = locate()?;
    let mut command = Command::new(program);
    command.arg("-c").arg(config).args([
        "--format",
        match format {
            Format::Text => "text",
            Format::Json => "json",
        },
    ]);
    if quick {
        command.arg("--quick");
    }
    if let Some(state) = state {
        let state = vauban_secret::StateDir::attach(state)?;
        command.arg("--out").arg(state.drill_last());
    }
    let status = command
        .stdin(Stdio::null())
        .status()
        .context("the drill could not be started")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::Code(u8::try_from(code).unwrap_or(3))),
        None => Err(anyhow::anyhow!("the drill ended with {status}").into()),
    }
}

/// Finds the drill beside this binary; in a checkout it is built when it is missing.
pub(crate) fn locate() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("path of this program")?;
    let folder = own.parent().context("folder of this program")?;
    let beside = folder.join(DRILL);
    let Some(workspace) = checkout(folder) else {
        if beside.is_file() {
            return Ok(beside);
        }
        bail!(
            "`{DRILL}` is not beside `{}`; install it there (`cargo install --path crates/drill`)",
            own.display()
        );
    };
    if is_fresh(&beside, &workspace) {
        return Ok(beside);
    }
    let profile = folder.file_name().unwrap_or_default();
    tell("building vauban-drill (it holds the faults, so it is a program of its own)");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--locked", "--package", DRILL])
        .current_dir(&workspace);
    if profile == "release" {
        cargo.arg("--release");
    }
    let status = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cargo could not be started to build the drill")?;
    if !status.success() || !beside.is_file() {
        bail!("`{DRILL}` could not be built");
    }
    Ok(beside)
}

/// The checkout that this binary was built in: `WORKSPACE/target/PROFILE/vauban`.
fn checkout(folder: &Path) -> Option<PathBuf> {
    let workspace = folder.parent()?.parent()?;
    let manifest = workspace.join("crates/drill/Cargo.toml");
    manifest.is_file().then(|| workspace.to_path_buf())
}

/// Whether the drill is newer than every source of the workspace; an old one would drill yesterday's lines.
fn is_fresh(binary: &Path, workspace: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
    let Some(built) = modified(binary) else {
        return false;
    };
    let mut open = vec![workspace.join("crates"), workspace.join("bank")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    open.push(path);
                }
            } else if modified(&path).is_none_or(|changed| changed > built) {
                return false;
            }
        }
    }
    true
}
