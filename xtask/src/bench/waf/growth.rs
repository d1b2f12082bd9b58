//! How processor time grows: with the bytes of a body, and with the number of rules.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::engine::{self, Engine, Engines};
use super::requests::{self, Kind, Request};
use crate::bench::figures::{median, per_doubling};
use crate::say;

mod bodies;
mod copies;

use bodies::Shape;
use copies::Words;

const SIZES: [u32; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const TIMES: [u32; 4] = [1, 2, 3, 4];
/// So that bodies of a megabyte are read whole: old and new numbers of the engine's settings.
const RAISED: &[(&str, &str)] = &[
    (
        "SecRequestBodyNoFilesLimit 131072",
        "SecRequestBodyNoFilesLimit 13107200",
    ),
    ("SecArgumentsLimit 1000", "SecArgumentsLimit 1000000"),
    (
        "SecRule &ARGS \"@ge 1000\"",
        "SecRule &ARGS \"@ge 1000000\"",
    ),
];
/// Fewest and most transactions of one engine in one round at one point.
const TRANSACTIONS: (u64, u64) = (3, 400);
/// Beyond this, microseconds, `libmodsecurity` is not asked for the next larger body.
const PEER_MAX_US: f64 = 400_000.0;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) rounds: u32,
    /// Processor time of one engine in one round at one point.
    pub(super) budget_us: f64,
    pub(super) quiet: bool,
}

/// Both kinds of growth.
pub(super) fn measure(program: &Path, effort: Effort) -> anyhow::Result<Value> {
    Ok(json!({
        "bytes": bytes(program, effort)?,
        "rules": rules(program, effort)?,
    }))
}

fn bytes(program: &Path, effort: Effort) -> anyhow::Result<Vec<Value>> {
    let mut engines = Engines::start(program, &engine::rules(RAISED)?)?;
    let mut series = Vec::new();
    for shape in Shape::ALL {
        let mut points = Vec::new();
        let mut peer_goes_on = true;
        for bytes in SIZES {
            let length = usize::try_from(bytes).unwrap_or(usize::MAX);
            let make = |seed, iteration| bodies::request(shape, length, seed, iteration);
            let name = format!("{} {} KB", shape.name(), bytes / 1024);
            let Engines { ours, theirs } = &mut engines;
            let peer = peer_goes_on.then_some(theirs);
            let mut point = measured(&name, (ours, peer), effort, &make)?;
            peer_goes_on = point
                .get("libmodsecurity_us")
                .and_then(Value::as_f64)
                .is_some_and(|spent| spent <= PEER_MAX_US);
            put(&mut point, "bytes", json!(bytes));
            points.push(point);
        }
        series.push(with_growth(
            json!({ "body": shape.name() }),
            "bytes",
            points,
        ));
    }
    Ok(series)
}

fn rules(program: &Path, effort: Effort) -> anyhow::Result<Vec<Value>> {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let single = engine::rules(&[])?;
    let mut series = Vec::new();
    for words in Words::ALL {
        // For each kind its points.
        let mut all: Vec<Vec<Value>> = Kind::ALL.iter().map(|_| Vec::new()).collect();
        for times in TIMES {
            let copies = usize::try_from(times).unwrap_or(1);
            let (rules, count) = copies::copies(&single, copies, words, folder.path())?;
            let mut ours = Engine::ours(program, &rules)?;
            // What the words are makes no difference to an engine that takes one rule after the other.
            let mut theirs = match words {
                Words::Same => Some(Engine::theirs(&rules)?),
                Words::Other => None,
            };
            for (kind, points) in Kind::ALL.into_iter().zip(&mut all) {
                let make = |seed, iteration| requests::request(kind, seed, iteration);
                let name = format!("{times}× CRS, {}, {}", words.name(), kind.name());
                let mut point = measured(&name, (&mut ours, theirs.as_mut()), effort, &make)?;
                put(&mut point, "times", json!(times));
                put(&mut point, "rules", json!(count));
                points.push(point);
            }
        }
        for (kind, points) in Kind::ALL.into_iter().zip(all) {
            let head = json!({ "rules": words.name(), "kind": kind.name() });
            series.push(with_growth(head, "times", points));
        }
    }
    Ok(series)
}

/// One point: medians of alternating rounds.
fn measured(
    name: &str,
    (ours, mut theirs): (&mut Engine, Option<&mut Engine>),
    effort: Effort,
    make: &dyn Fn(u64, u64) -> Request,
) -> anyhow::Result<Value> {
    let mut own = Vec::new();
    let mut peer = Vec::new();
    // The first round only fills caches.
    for round in 0..=effort.rounds {
        let seed = u64::from(round) + 1;
        let first = middle(ours, effort.budget_us, seed, make)?;
        let second = match &mut theirs {
            Some(engine) => Some(middle(engine, effort.budget_us, seed, make)?),
            None => None,
        };
        if round > 0 {
            own.push(first);
            peer.extend(second);
        }
    }
    let (ours, theirs) = (median(&own), median(&peer));
    if !effort.quiet {
        say(&format!(
            "{name:<52} ours {ours:>10.1} µs   libmodsecurity {theirs:>10.1} µs"
        ));
    }
    let mut point = json!({ "ours_us": ours, "rounds_ours_us": own });
    if !peer.is_empty() {
        put(&mut point, "libmodsecurity_us", json!(theirs));
        put(&mut point, "rounds_libmodsecurity_us", json!(peer));
    }
    Ok(point)
}

/// As many transactions as the budget allows, in the limits.
fn middle(
    engine: &mut Engine,
    budget_us: f64,
    seed: u64,
    make: &dyn Fn(u64, u64) -> Request,
) -> anyhow::Result<f64> {
    let (fewest, most) = TRANSACTIONS;
    let mut times = Vec::new();
    let mut spent = 0.0;
    for iteration in 0..most {
        if iteration >= fewest && spent >= budget_us {
            break;
        }
        let time = engine.ask(&make(seed, iteration))?;
        spent += time;
        times.push(time);
    }
    Ok(median(&times))
}

/// The series with its points and, for each engine, what it is multiplied by when `unit` doubles: over all points, and at the
/// last step alone, where what does not grow no longer counts.
fn with_growth(mut series: Value, unit: &str, points: Vec<Value>) -> Value {
    for engine in ["ours", "libmodsecurity"] {
        let places: Vec<(f64, f64)> = points
            .iter()
            .filter_map(|point| {
                let x = point.get(unit)?.as_f64()?;
                Some((x, point.get(format!("{engine}_us"))?.as_f64()?))
            })
            .collect();
        let last = places.get(places.len().saturating_sub(2)..);
        if let (2.., Some(last)) = (places.len(), last) {
            let growth = json!({ "all": per_doubling(&places), "last_step": per_doubling(last) });
            put(
                &mut series,
                &format!("{engine}_per_doubling_of_{unit}"),
                growth,
            );
        }
    }
    put(&mut series, "points", Value::Array(points));
    series
}

fn put(to: &mut Value, key: &str, value: Value) {
    if let Value::Object(entries) = to {
        entries.insert(key.to_owned(), value);
    }
}
