//! `cargo xtask ci`: what CI asks, in one command.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::run::{output, run};
use crate::{generate, product, say, test, tidy};

/// Version of cargo-deny that CI installs when none is there.
const CARGO_DENY: &str = "0.20.2";

/// Runs everything; the test summary is printed last.
pub(crate) fn ci(root: &Path) -> anyhow::Result<()> {
    let tests = test::test(root, true, None);
    let cargo = env!("CARGO");
    let chores: [(&str, anyhow::Result<()>); 6] = [
        (
            "format",
            run(root, cargo, &["fmt", "--all", "--", "--check"]),
        ),
        (
            "lints",
            run(
                root,
                cargo,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ],
            ),
        ),
        ("tidy", tidy::tidy(root)),
        ("generated documents", generate::generate(root, true)),
        // The tests have built the unoptimised one; others are looked at where they stand, and none is built for it.
        ("product", product::product(root, &[])),
        ("cargo deny", deny(root)),
    ];
    let mut failed = Vec::new();
    for (name, outcome) in chores {
        match outcome {
            Ok(()) => say(&format!("{name}: fine")),
            Err(error) => {
                say(&format!("{name}: {error:#}"));
                failed.push(name);
            }
        }
    }
    say(&test::last_summary(root).unwrap_or_else(|| "0 passed, 1 failed".to_owned()));
    tests.context("tests")?;
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Licences, bans and sources always; advisories where their database can be reached.
fn deny(root: &Path) -> anyhow::Result<()> {
    let cargo = env!("CARGO");
    let tool = root.join("target/tools/bin/cargo-deny");
    let installed = output(root, "cargo-deny", &["--version"]).is_ok();
    let program = if installed {
        "cargo-deny".to_owned()
    } else {
        if !tool.exists() {
            say("installing cargo-deny from crates.io into target/tools");
            let folder = root.join("target/tools");
            let folder = folder.to_string_lossy();
            run(
                root,
                cargo,
                &[
                    "install",
                    "--locked",
                    "--quiet",
                    "--root",
                    folder.as_ref(),
                    "--version",
                    CARGO_DENY,
                    "cargo-deny",
                ],
            )?;
        }
        tool.to_string_lossy().into_owned()
    };
    run(
        root,
        &program,
        &["--locked", "check", "licenses", "bans", "sources"],
    )?;
    match run(
        root,
        "timeout",
        &["60", &program, "--locked", "check", "advisories"],
    ) {
        Ok(()) => Ok(()),
        Err(error) if advisory_database(root) => Err(error),
        Err(_) => {
            say("advisories: not checked (their database cannot be reached from here)");
            Ok(())
        }
    }
}

/// Whether an advisory database is on this machine, so that a failure is about advisories and not about the network.
fn advisory_database(root: &Path) -> bool {
    let home = std::env::home_dir().unwrap_or_else(|| root.to_path_buf());
    std::fs::read_dir(home.join(".cargo/advisory-dbs")).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.path().join("crates").is_dir())
    })
}
