//! The rule engine beside `libmodsecurity`, on requests that never repeat: one transaction, its growth, and the whole gateway.

use std::path::Path;

use serde_json::{Value, json};

use crate::say;

mod engine;
mod engines;
mod gateway;
mod growth;
mod requests;

use engine::Engines;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything.
    All,
    /// Processor time of one transaction.
    Engines,
    /// The same, against bytes and rules.
    Growth,
    /// The edge against nginx.
    Gateway,
}

/// Measures, writes `bench/runs/…`, prints.
pub(crate) fn waf(
    root: &Path,
    part: Part,
    quiet: bool,
    (rounds, seconds): (u32, u32),
) -> anyhow::Result<()> {
    gateway::prepare(root)?;
    let commit = crate::run::output(root, "git", &["rev-parse", "--short", "HEAD"])?;
    let mut report = json!({
        "benchmark": "waf",
        "commit": String::from_utf8_lossy(&commit).trim(),
        "rules": "CRS of Debian, paranoia 1, SecRuleEngine On",
        "rounds": rounds,
        "seconds": seconds,
        "unit": "µs of the thread's processor time per transaction, median of rounds of medians",
    });
    let mut put = |key: &str, value: Value| {
        if let Value::Object(entries) = &mut report {
            entries.insert(key.to_owned(), value);
        }
    };
    if matches!(part, Part::All | Part::Engines) {
        // A second is about a hundred of the larger transactions.
        let count = seconds.saturating_mul(100);
        let program = engine::build(root)?;
        let mut engines = Engines::start(&program, &engine::rules(&[])?)?;
        put("transactions_per_round", json!(count));
        put(
            "kinds",
            engines::measure(&mut engines, (rounds, count), quiet)?,
        );
    }
    if matches!(part, Part::All | Part::Growth) {
        let effort = growth::Effort {
            rounds,
            budget_us: f64::from(seconds) * 50_000.0,
            quiet,
        };
        let program = engine::build(root)?;
        put("growth", growth::measure(&program, effort)?);
    }
    if matches!(part, Part::All | Part::Gateway) {
        put("gateway", gateway::measure(root, (rounds, seconds), quiet)?);
    }
    if quiet {
        say(&report.to_string());
    }
    let file = super::keep(root, "waf", &report)?;
    if !quiet {
        say(&format!("raw output: {}", file.display()));
    }
    Ok(())
}
