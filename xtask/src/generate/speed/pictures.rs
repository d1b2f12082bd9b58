//! Two pictures: growth with bytes, and growth with rules.

use serde_json::Value;

use super::{ENGINES, list, number, size, text, time};
use crate::plot::{Axis, Chart, Line, Look, Scale};

/// Kinds of request in the picture of rules; the table has them all.
const SHOWN: [&str; 3] = ["GET with query", "JSON 0.9 KB", "JSON 16 KB, 557 leaves"];
/// The series in the picture of rules.
const OTHER_WORDS: &str = "copies with other words";
const SAME_WORDS: &str = "copies";

/// Time against the length of a body, both on logarithmic axes: whatever grows with the bytes is parallel to the reference.
pub(super) fn bytes(run: &Value) -> Chart {
    let mut lines = Vec::new();
    for (colour, series) in list(run, "/growth/bytes").enumerate() {
        for (engine, name) in ENGINES {
            let points = points(series, "bytes", &format!("{engine}_us"));
            if points.is_empty() {
                continue;
            }
            lines.push(Line {
                name: format!("{name}: {}", text(series, "body")),
                look: look(engine, colour),
                points,
            });
        }
    }
    let all = || lines.iter().flat_map(|line| &line.points);
    let mut sizes: Vec<f64> = all().map(|(x, _)| *x).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let lowest = all().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let highest = all().map(|(_, y)| *y).fold(0.0, f64::max);
    let bottom = 10_f64.powf(lowest.log10().floor());
    let top = 10_f64.powf(highest.log10().ceil());
    let mut powers = vec![bottom];
    while powers.last().is_some_and(|last| *last < top * 0.99) {
        powers.extend(powers.last().copied().map(|last| last * 10.0));
    }
    // Within the axes at both ends.
    if let (Some(first), Some(last)) = (sizes.first(), sizes.last()) {
        let points = vec![(*first, bottom), (*last, bottom * last / first)];
        lines.push(Line {
            name: "in proportion to bytes".to_owned(),
            look: Look::Reference,
            points,
        });
    }
    Chart {
        title: "Processor time of one request against the length of its body (CRS, paranoia 1)"
            .to_owned(),
        x: Axis {
            title: "bytes of the body".to_owned(),
            scale: Scale::Logarithmic,
            ticks: sizes.iter().map(|bytes| (*bytes, size(*bytes))).collect(),
        },
        y: Axis {
            title: "processor time".to_owned(),
            scale: Scale::Logarithmic,
            ticks: powers.iter().map(|us| (*us, short(*us))).collect(),
        },
        lines,
    }
}

/// Time against the number of rules, as a multiple of the time with CRS once.
pub(super) fn rules(run: &Value) -> Chart {
    let mut lines = Vec::new();
    for series in list(run, "/growth/rules") {
        let engine = match text(series, "rules") {
            OTHER_WORDS => "ours",
            SAME_WORDS => "libmodsecurity",
            _ => continue,
        };
        let kind = text(series, "kind");
        let Some(colour) = SHOWN.iter().position(|shown| *shown == kind) else {
            continue;
        };
        let points = points(series, "times", &format!("{engine}_us"));
        let Some((_, first)) = points.first().copied() else {
            continue;
        };
        let name = if engine == "ours" {
            "Vauban"
        } else {
            "libmodsecurity"
        };
        lines.push(Line {
            name: format!("{name}: {kind}"),
            look: look(engine, colour),
            points: points.iter().map(|(x, y)| (*x, y / first)).collect(),
        });
    }
    lines.push(Line {
        name: "in proportion to rules".to_owned(),
        look: Look::Reference,
        points: vec![(1.0, 1.0), (4.0, 4.0)],
    });
    let highest = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|(_, y)| *y)
        .fold(4.0, f64::max);
    let mut multiples = vec![0.0_f64];
    while multiples.last().is_some_and(|last| *last < highest) {
        multiples.extend(multiples.last().copied().map(|last| last + 1.0));
    }
    let counts = list(run, "/growth/rules")
        .next()
        .map(|series| points(series, "times", "rules"))
        .unwrap_or_default();
    Chart {
        title: "Processor time of one request against the number of rules (copies of CRS)"
            .to_owned(),
        x: Axis {
            title: "CRS so many times over (rules); Vauban: each copy looks for other words"
                .to_owned(),
            scale: Scale::Linear,
            ticks: counts
                .iter()
                .map(|(times, count)| (*times, format!("{times:.0}× ({count:.0})")))
                .collect(),
        },
        y: Axis {
            title: "time, as a multiple of that with CRS once".to_owned(),
            scale: Scale::Linear,
            ticks: multiples
                .iter()
                .map(|multiple| (*multiple, format!("{multiple:.0}×")))
                .collect(),
        },
        lines,
    }
}

fn look(engine: &str, colour: usize) -> Look {
    if engine == "ours" {
        Look::Solid(colour)
    } else {
        Look::Dashed(colour)
    }
}

fn points(series: &Value, x: &str, y: &str) -> Vec<(f64, f64)> {
    list(series, "/points")
        .map(|point| (number(point, x), number(point, y)))
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}

/// A power of ten.
fn short(us: f64) -> String {
    time(us).replace(".0 ", " ")
}
