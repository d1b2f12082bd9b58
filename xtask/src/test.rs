//! `cargo xtask test`: what the tests need from Debian, then every test.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::parts::{self, Part};
use crate::run::run;
use crate::say;

/// What the tests need from Debian.
const PARTS: &[Part] = &[
    ("cc", "gcc", "C compiler"),
    ("python3", "python3", "HTTP client of the end-to-end tests"),
    ("node", "nodejs", "OAuth clients by others"),
    ("npm", "npm", "OAuth clients by others"),
    (
        "/usr/share/doc/python3-venv",
        "python3-venv",
        "OAuth clients by others",
    ),
    ("curl", "curl", "client of the documented commands"),
    ("openssl", "openssl", "TLS client of the end-to-end tests"),
    ("pg_ctlcluster", "postgresql", "row-level security"),
    (
        "/usr/lib/softhsm/libsofthsm2.so",
        "libsofthsm2",
        "PKCS#11 token of the key tests",
    ),
    ("softhsm2-util", "softhsm2", "makes that token"),
    ("pkcs11-tool", "opensc", "looks into that token"),
    ("setpriv", "util-linux", "other users in tests"),
    ("g++", "g++", "C++ oracles of the rule engine"),
    (
        "dpkg-source",
        "dpkg-dev",
        "sources of what it is compared with",
    ),
    (
        "/usr/share/modsecurity-crs/rules",
        "modsecurity-crs",
        "the rules that everybody runs",
    ),
    (
        "/usr/include/modsecurity/modsecurity.h",
        "libmodsecurity-dev",
        "oracle of the rule engine",
    ),
    (
        "/usr/include/pcre2.h",
        "libpcre2-dev",
        "oracle of its patterns",
    ),
];

/// Installs the parts (when `install`), then runs the tests and prints `N passed, N failed, N skipped`.
pub(crate) fn test(root: &Path, install: bool, package: Option<&str>) -> anyhow::Result<()> {
    let mut sources = Vec::new();
    if install {
        parts::install(root, PARTS)?;
        // CI, which has the corpora, must not pass without the suites; a user's machine may be offline.
        let required = std::env::var_os("VAUBAN_CORPORA").is_some();
        sources = sources::variables(root, required)?;
        sources.extend(clients::variable(root, required)?);
    }
    let mut arguments = vec!["test", "--locked", "--no-fail-fast"];
    match package {
        Some(name) => {
            arguments.extend(["--package", name]);
            // The end-to-end tests start both binaries. With the whole workspace cargo builds both before the first test.
            let binaries = [
                "build",
                "--locked",
                "-p",
                "vauban-cli",
                "-p",
                "vauban-drill",
            ];
            run(root, env!("CARGO"), &binaries)?;
        }
        None => arguments.push("--workspace"),
    }
    say(&format!("$ cargo {}", arguments.join(" ")));
    let mut child = Command::new(env!("CARGO"))
        .args(&arguments)
        .envs(sources)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start cargo")?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.context("cargo's output")?;
            counts.read(&line);
            say(&line);
        }
    }
    let status = child.wait().context("cargo")?;
    let summary = counts.summary();
    let file = summary_file(root);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).context("target folder")?;
    }
    std::fs::write(&file, &summary).context("summary of the tests")?;
    say(&summary);
    if !status.success() || counts.failed > 0 {
        bail!("tests failed");
    }
    if counts.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// What the last run of the tests ended with.
pub(crate) fn last_summary(root: &Path) -> Option<String> {
    std::fs::read_to_string(summary_file(root)).ok()
}

fn summary_file(root: &Path) -> PathBuf {
    root.join("target/xtask/tests.txt")
}

/// Sums cargo's `test result:` lines.
#[derive(Debug, Default)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    fn read(&mut self, line: &str) {
        let Some((_, numbers)) = line.split_once("test result: ") else {
            return;
        };
        let words: Vec<&str> = numbers.split_whitespace().collect();
        for pair in words.windows(2) {
            let (Some(number), Some(word)) = (pair.first(), pair.get(1)) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match *word {
                "passed;" => self.passed += number,
                "failed;" => self.failed += number,
                "ignored;" => self.skipped += number,
                _ => {}
            }
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

mod clients;
mod sources;
#[cfg(test)]
mod tests;
