//! An engine as a process: ours, or `libmodsecurity`.
//!
//! Both load the same rules and are asked by the same code over a pipe (`testkit::modsec`); each reports the processor time that
//! its thread spent on the transaction, so neither the pipe nor the other process counts.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use vauban_testkit::modsec::{Modsec, Rules, Transaction, debian_rules};

use super::requests::Request;
use crate::run::run;

/// The engine's settings, as the regression tests of CRS use them.
const ENGINE: &str = include_str!("../../../../crates/waf/src/regression/engine.conf");
const MAPPING: &str = "/etc/nginx/unicode.mapping";

/// A running engine.
pub(super) struct Engine(Modsec);

/// Two engines with the same rules.
pub(super) struct Engines {
    pub(super) ours: Engine,
    pub(super) theirs: Engine,
}

impl Engines {
    pub(super) fn start(program: &Path, rules: &[Rules]) -> anyhow::Result<Self> {
        Ok(Self {
            ours: Engine::ours(program, rules)?,
            theirs: Engine::theirs(rules)?,
        })
    }
}

impl Engine {
    pub(super) fn ours(program: &Path, rules: &[Rules]) -> anyhow::Result<Self> {
        let started = Modsec::start_other(program, rules, true);
        Ok(Self(started.context("our engine")?))
    }

    pub(super) fn theirs(rules: &[Rules]) -> anyhow::Result<Self> {
        Ok(Self(Modsec::start(rules, true).context("libmodsecurity")?))
    }

    /// Processor time of one harmless request, microseconds. A rule that matches is a mistake of the benchmark: what follows a
    /// match costs time of its own.
    pub(super) fn ask(&mut self, request: &Request) -> anyhow::Result<f64> {
        let headers: Vec<(Vec<u8>, Vec<u8>)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        let verdict = self
            .0
            .judge(&Transaction {
                method: request.method.as_bytes(),
                target: request.target.as_bytes(),
                version: b"HTTP/1.1",
                client: "127.0.0.1",
                headers: &headers,
                body: request.body.as_bytes(),
                response: None,
            })
            .context("transaction")?;
        if verdict.status.is_some() || !verdict.ids.is_empty() {
            bail!(
                "a harmless request was found fault with by {:?}",
                verdict.ids
            );
        }
        let microseconds = u32::try_from(verdict.cpu_ns / 1000).unwrap_or(u32::MAX);
        let rest = u32::try_from(verdict.cpu_ns % 1000).unwrap_or(0);
        Ok(f64::from(microseconds) + f64::from(rest) / 1000.0)
    }
}

/// Builds our engine.
pub(super) fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let arguments = [
        "build",
        "--locked",
        "--release",
        "-p",
        "vauban-waf",
        "--example",
        "engine",
    ];
    run(root, env!("CARGO"), &arguments)?;
    Ok(crate::run::target(root)?.join("release/examples/engine"))
}

/// Settings, then CRS as Debian installs it. `raise` are numbers of the settings that are replaced.
pub(super) fn rules(raise: &[(&str, &str)]) -> anyhow::Result<Vec<Rules>> {
    let mut engine = ENGINE.to_owned();
    for (old, new) in raise {
        if !engine.contains(old) {
            bail!("`{old}` does not stand in the engine's settings");
        }
        engine = engine.replace(old, new);
    }
    if Path::new(MAPPING).exists() {
        engine = format!("{engine}\nSecUnicodeMapFile {MAPPING} 20127\n");
    }
    let Some(mut rules) = debian_rules(Rules::Text(String::new())) else {
        bail!("CRS is not installed: apt-get install modsecurity-crs libmodsecurity-dev");
    };
    rules.insert(0, Rules::Text(engine));
    Ok(rules)
}
