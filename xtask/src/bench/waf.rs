//! The rule engine beside `libmodsecurity`, on requests that never repeat.
//!
//! Both engines are processes that load the same rules and are asked by the same code over a pipe (`testkit::modsec`); each
//! reports the processor time that its thread spent on the transaction, so neither the pipe nor the other process counts. They
//! take turns, round by round.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use vauban_testkit::modsec::{Modsec, Rules, Transaction, debian_rules};

use crate::run::run;
use crate::say;

mod requests;

use requests::{Kind, Request};

/// The engine's settings, as the regression tests of CRS use them.
const ENGINE: &str = include_str!("../../../crates/waf/src/regression/engine.conf");
const MAPPING: &str = "/etc/nginx/unicode.mapping";

/// Runs `rounds` alternating rounds of `count` transactions of each kind.
pub(crate) fn waf(root: &Path, as_json: bool, rounds: u32, count: u32) -> anyhow::Result<()> {
    let program = build(root)?;
    let rules = rules()?;
    let mut ours = Modsec::start_other(&program, &rules, true).context("our engine")?;
    let mut theirs = Modsec::start(&rules, true).context("libmodsecurity")?;
    let mut results = Vec::new();
    for kind in Kind::ALL {
        let mut own = Vec::new();
        let mut peer = Vec::new();
        for round in 0..rounds {
            // The first round only fills caches.
            let seed = u64::from(round) + 1;
            let first = median(&mut ours, kind, seed, count)?;
            let second = median(&mut theirs, kind, seed, count.div_ceil(5))?;
            if round > 0 || rounds == 1 {
                own.push(first);
                peer.push(second);
            }
        }
        let result = summary(kind, &own, &peer);
        if !as_json {
            say(&format!(
                "{:<24} ours {:>8.1} µs   libmodsecurity {:>9.1} µs   ratio {:>5.1}",
                kind.name(),
                number(&result, "ours_us"),
                number(&result, "libmodsecurity_us"),
                number(&result, "ratio"),
            ));
        }
        results.push(result);
    }
    let report = json!({
        "benchmark": "waf",
        "rules": "CRS of Debian, paranoia 1, SecRuleEngine On",
        "rounds": rounds,
        "transactions_per_round": count,
        "unit": "µs of the thread's processor time per transaction, median of rounds of medians",
        "kinds": results,
    });
    if as_json {
        say(&report.to_string());
    }
    let file = super::keep(root, "waf", &report)?;
    if !as_json {
        say(&format!("raw output: {}", file.display()));
    }
    Ok(())
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn build(root: &Path) -> anyhow::Result<PathBuf> {
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

fn rules() -> anyhow::Result<Vec<Rules>> {
    let mut engine = ENGINE.to_owned();
    if Path::new(MAPPING).exists() {
        engine = format!("{engine}\nSecUnicodeMapFile {MAPPING} 20127\n");
    }
    let Some(mut rules) = debian_rules(Rules::Text(String::new())) else {
        bail!("CRS is not installed: apt-get install modsecurity-crs libmodsecurity-dev");
    };
    rules.insert(0, Rules::Text(engine));
    Ok(rules)
}

/// Median of the processor time, microseconds.
fn median(engine: &mut Modsec, kind: Kind, seed: u64, count: u32) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for iteration in 0..u64::from(count.max(1)) {
        let request = requests::request(kind, seed, iteration);
        times.push(ask(engine, &request)?);
    }
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or(0);
    Ok(f64::from(u32::try_from(middle).unwrap_or(u32::MAX)) / 1000.0)
}

fn ask(engine: &mut Modsec, request: &Request) -> anyhow::Result<u64> {
    let headers: Vec<(Vec<u8>, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let verdict = engine
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
    if verdict.status.is_some() {
        bail!("a harmless request was blocked by {:?}", verdict.ids);
    }
    Ok(verdict.cpu_ns)
}

fn summary(kind: Kind, own: &[f64], peer: &[f64]) -> Value {
    let middle = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let (ours, theirs) = (middle(own), middle(peer));
    json!({
        "kind": kind.name(),
        "ours_us": ours,
        "libmodsecurity_us": theirs,
        "ratio": theirs / ours,
        "rounds_ours_us": own,
        "rounds_libmodsecurity_us": peer,
    })
}
