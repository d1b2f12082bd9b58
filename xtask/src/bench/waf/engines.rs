//! Both engines on the same requests: processor time of one transaction.

use serde_json::{Value, json};

use super::engine::{Engine, Engines};
use super::requests::{self, Kind};
use crate::bench::figures::{median, number};
use crate::say;

/// Runs `rounds` alternating rounds of `count` transactions of each kind.
pub(super) fn measure(
    engines: &mut Engines,
    (rounds, count): (u32, u32),
    quiet: bool,
) -> anyhow::Result<Value> {
    let mut results = Vec::new();
    for kind in Kind::ALL {
        let mut own = Vec::new();
        let mut peer = Vec::new();
        // The first round only fills caches.
        for round in 0..=rounds {
            let seed = u64::from(round) + 1;
            let first = middle(&mut engines.ours, kind, seed, count)?;
            let second = middle(&mut engines.theirs, kind, seed, count.div_ceil(5))?;
            if round > 0 {
                own.push(first);
                peer.push(second);
            }
        }
        let result = summary(kind, &own, &peer);
        if !quiet {
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
    Ok(Value::Array(results))
}

/// Median of the processor time, microseconds.
fn middle(engine: &mut Engine, kind: Kind, seed: u64, count: u32) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for iteration in 0..u64::from(count.max(1)) {
        times.push(engine.ask(&requests::request(kind, seed, iteration))?);
    }
    Ok(median(&times))
}

fn summary(kind: Kind, own: &[f64], peer: &[f64]) -> Value {
    let (ours, theirs) = (median(own), median(peer));
    json!({
        "kind": kind.name(),
        "ours_us": ours,
        "libmodsecurity_us": theirs,
        "ratio": theirs / ours,
        "rounds_ours_us": own,
        "rounds_libmodsecurity_us": peer,
    })
}
