//! `cargo xtask bench edge`: the edge against nginx `proxy_pass`, same backend, same run.
//!
//! The subject is pinned to one core; load and backend share the other. Rounds alternate between subjects, and medians are
//! quoted. CPU time is what the kernel counted for the subject's processes, so it does not depend on how fast the load is.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::run::exists;
use crate::say;

pub(crate) mod cpu;
pub(crate) mod load;
pub(crate) mod peer;
pub(crate) mod subject;

use load::Measured;

/// Names of the rows, in the order in which they are measured in each round.
const ROWS: [&str; 4] = ["nginx", "plain", "policy", "guarded"];

/// Builds, starts, measures, writes `bench/runs/…`, prints.
pub(crate) fn edge(root: &Path, print_json: bool, rounds: u32, seconds: u32) -> anyhow::Result<()> {
    for (program, package) in [
        ("nginx", "nginx-light"),
        ("wrk", "wrk"),
        ("taskset", "util-linux"),
    ] {
        if !exists(program) {
            bail!("`{program}` is missing; install it: apt-get install {package}");
        }
    }
    let folder = tempfile::tempdir().context("temporary folder")?;
    let subject = subject::start(root, folder.path(), None)?;
    let backend = peer::backend(folder.path(), subject.backend_port)?;
    let nginx = peer::proxy(folder.path(), &subject, None)?;
    let mut results: Vec<Vec<Measured>> = ROWS.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (row, taken) in ROWS.iter().zip(&mut results) {
            let measured = match *row {
                "nginx" => load::run(&nginx.target(), seconds)?,
                other => load::run(&subject.target(other)?, seconds)?,
            };
            if !print_json {
                say(&format!("round {} {row}: {measured}", round + 1));
            }
            taken.push(measured);
        }
    }
    drop((nginx, backend));
    let report = report(root, &results, rounds, seconds)?;
    let file = super::keep(root, "edge", &report)?;
    if print_json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        summary(&report);
        say(&format!("raw output: {}", file.display()));
    }
    Ok(())
}

fn report(
    root: &Path,
    results: &[Vec<Measured>],
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<Value> {
    let commit = crate::run::output(root, "git", &["rev-parse", "--short", "HEAD"])?;
    let peer_cpu = median(results.first(), |one| one.cpu_us);
    let rows: Vec<Value> = ROWS
        .iter()
        .zip(results)
        .map(|(row, taken)| {
            let cpu = median(Some(taken), |one| one.cpu_us);
            json!({
                "row": row,
                "requests_per_second": median(Some(taken), |one| one.rate),
                "p50_us": median(Some(taken), |one| one.p50_us),
                "p99_us": median(Some(taken), |one| one.p99_us),
                "cpu_us_per_request": cpu,
                "cpu_against_nginx": cpu / peer_cpu,
                "raw": taken.iter().map(Measured::json).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({
        "benchmark": "edge",
        "commit": String::from_utf8_lossy(&commit).trim(),
        "rounds": rounds,
        "seconds": seconds,
        "method": "TLS 1.3 keep-alive, 32 connections, 1 KB answers; subject pinned to core 0, load and backend to core 1; medians of alternating rounds",
        "rows": rows,
    }))
}

fn median(taken: Option<&Vec<Measured>>, figure: impl Fn(&Measured) -> f64) -> f64 {
    let figures: Vec<f64> = taken.into_iter().flatten().map(figure).collect();
    super::figures::median(&figures)
}

fn summary(report: &Value) {
    say("row       req/s     p50 µs    p99 µs    CPU µs/request   against nginx");
    for row in report
        .pointer("/rows")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let figure = |name: &str| row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        say(&format!(
            "{:<9} {:<9.0} {:<9.0} {:<9.0} {:<16.1} {:.2}×",
            row.get("row").and_then(Value::as_str).unwrap_or(""),
            figure("requests_per_second"),
            figure("p50_us"),
            figure("p99_us"),
            figure("cpu_us_per_request"),
            figure("cpu_against_nginx"),
        ));
    }
}
