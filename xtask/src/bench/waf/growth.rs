//! How processor time grows: with the bytes of a body, and with the number of rules.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::engine::{self, Engine};
use super::requests::{self, Kind, Request};
use crate::bench::figures::{median, number, per_doubling};
use crate::say;

mod bodies;
mod copies;

use bodies::Shape;
use copies::Words;

const SIZES: [u32; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const TIMES: [usize; 4] = [1, 2, 3, 4];
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
const PEER_MAX_US: f64 = 1_000_000.0;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) rounds: u32,
    /// Processor time of one engine in one round at one point.
    pub(super) budget_us: f64,
    pub(super) quiet: bool,
}

/// Our engine and, where it is asked, the peer, with the same rules.
struct Pair {
    ours: Engine,
    theirs: Option<Engine>,
}

/// A place on the axis, and what was measured there.
struct Point<'a> {
    name: String,
    /// Index of the pair that is asked.
    pair: usize,
    make: &'a dyn Fn(u64, u64) -> Request,
    ours_us: Vec<f64>,
    theirs_us: Vec<f64>,
}

/// Both kinds of growth.
pub(super) fn measure(program: &Path, effort: Effort) -> anyhow::Result<Value> {
    Ok(json!({
        "bytes": bytes(program, effort)?,
        "rules": rules(program, effort)?,
    }))
}

fn bytes(program: &Path, effort: Effort) -> anyhow::Result<Vec<Value>> {
    let rules = engine::rules(RAISED)?;
    let mut pairs = [Pair {
        ours: Engine::ours(program, &rules)?,
        theirs: Some(Engine::theirs(&rules)?),
    }];
    let mut series = Vec::new();
    for shape in Shape::ALL {
        let makers = SIZES.map(|bytes| {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            move |seed, iteration| bodies::request(shape, bytes, seed, iteration)
        });
        let mut points: Vec<Point<'_>> = SIZES
            .iter()
            .zip(&makers)
            .map(|(bytes, make)| {
                let name = format!("{} {} KB", shape.name(), bytes / 1024);
                Point::new(name, 0, make)
            })
            .collect();
        interleaved(&mut pairs, &mut points, effort)?;
        let places = SIZES
            .iter()
            .map(|bytes| json!({ "bytes": bytes }))
            .collect();
        let head = json!({ "body": shape.name() });
        series.push(with_growth(head, "bytes", places, &points));
    }
    Ok(series)
}

fn rules(program: &Path, effort: Effort) -> anyhow::Result<Vec<Value>> {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let single = engine::rules(&[])?;
    let mut series = Vec::new();
    for words in Words::ALL {
        let mut pairs = Vec::new();
        let mut places = Vec::new();
        for times in TIMES {
            let (rules, count) = copies::copies(&single, times, words, folder.path())?;
            pairs.push(Pair {
                ours: Engine::ours(program, &rules)?,
                // What the words are makes no difference to an engine that takes one rule after the other.
                theirs: match words {
                    Words::Same => Some(Engine::theirs(&rules)?),
                    Words::Other => None,
                },
            });
            places.push(json!({ "times": times, "rules": count }));
        }
        for kind in Kind::ALL {
            let make = |seed, iteration| requests::request(kind, seed, iteration);
            let mut points: Vec<Point<'_>> = TIMES
                .iter()
                .enumerate()
                .map(|(pair, times)| {
                    let name = format!("{}, {times}× CRS, {}", kind.name(), words.name());
                    Point::new(name, pair, &make)
                })
                .collect();
            interleaved(&mut pairs, &mut points, effort)?;
            let head = json!({ "rules": words.name(), "kind": kind.name() });
            series.push(with_growth(head, "times", places.clone(), &points));
        }
    }
    Ok(series)
}

/// Measures all points in each round, so that a machine that gets slower or faster bends no line.
fn interleaved(pairs: &mut [Pair], points: &mut [Point<'_>], effort: Effort) -> anyhow::Result<()> {
    // Points for which the peer is asked.
    let mut asked = points.len();
    // The first round only fills caches, and tells where the peer gets too slow.
    for round in 0..=effort.rounds {
        let seed = u64::from(round) + 1;
        for (place, point) in points.iter_mut().enumerate() {
            let pair = pairs.get_mut(point.pair).context("engines of a point")?;
            let ours = middle(&mut pair.ours, effort.budget_us, seed, point.make)?;
            let theirs = match &mut pair.theirs {
                Some(engine) if place < asked => {
                    Some(middle(engine, effort.budget_us, seed, point.make)?)
                }
                _ => None,
            };
            if round > 0 {
                point.ours_us.push(ours);
                point.theirs_us.extend(theirs);
            } else if theirs.is_some_and(|spent| spent > PEER_MAX_US) {
                asked = place + 1;
            }
        }
    }
    if !effort.quiet {
        for point in points {
            let (ours, theirs) = (median(&point.ours_us), median(&point.theirs_us));
            say(&format!(
                "{:<56} ours {ours:>10.1} µs   libmodsecurity {theirs:>10.1} µs",
                point.name
            ));
        }
    }
    Ok(())
}

impl<'a> Point<'a> {
    fn new(name: String, pair: usize, make: &'a dyn Fn(u64, u64) -> Request) -> Self {
        Self {
            name,
            pair,
            make,
            ours_us: Vec::new(),
            theirs_us: Vec::new(),
        }
    }
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
fn with_growth(
    mut series: Value,
    unit: &str,
    mut places: Vec<Value>,
    points: &[Point<'_>],
) -> Value {
    for engine in ["ours", "libmodsecurity"] {
        let mut line: Vec<(f64, f64)> = Vec::new();
        for (place, point) in places.iter_mut().zip(points) {
            let rounds = if engine == "ours" {
                &point.ours_us
            } else {
                &point.theirs_us
            };
            if rounds.is_empty() {
                continue;
            }
            line.push((number(place, unit), median(rounds)));
            put(place, &format!("{engine}_us"), json!(median(rounds)));
            put(place, &format!("rounds_{engine}_us"), json!(rounds));
        }
        if let Some(last @ [_, _]) = line.get(line.len().saturating_sub(2)..) {
            let growth = json!({ "all": per_doubling(&line), "last_step": per_doubling(last) });
            put(
                &mut series,
                &format!("{engine}_per_doubling_of_{unit}"),
                growth,
            );
        }
    }
    put(&mut series, "points", Value::Array(places));
    series
}

fn put(to: &mut Value, key: &str, value: Value) {
    if let Value::Object(entries) = to {
        entries.insert(key.to_owned(), value);
    }
}
