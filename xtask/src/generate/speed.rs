//! `docs/waf-speed.md` and its pictures, from the raw run that is kept.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::bench::number;

mod pictures;

/// The page, with places for what was measured; its first line names the run that is quoted.
const PAGE: &str = "bench/waf/page.md";

/// The page and its pictures.
pub(super) fn documents(root: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let page = std::fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    let (name, page) = page
        .strip_prefix("run: ")
        .and_then(|rest| rest.split_once('\n'))
        .with_context(|| format!("{PAGE} does not begin with `run: FILE`"))?;
    let run = std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned())?;
    let run: Value = serde_json::from_str(&run).with_context(|| name.to_owned())?;
    let mut page = page.to_owned();
    for (place, words) in [
        ("{run}", name.to_owned()),
        ("{commit}", text(&run, "commit").to_owned()),
        ("{rounds}", number(&run, "rounds").to_string()),
        ("{seconds}", number(&run, "seconds").to_string()),
        ("{engines}", engines(&run)),
        ("{gateway}", gateway(&run)),
        ("{bytes}", bytes(&run)),
        ("{rules}", rules(&run)),
    ] {
        anyhow::ensure!(page.contains(place), "{PAGE} has no place for {place}");
        page = page.replace(place, &words);
    }
    Ok(vec![
        ("docs/waf-speed.md", page),
        ("docs/waf-growth-bytes.svg", pictures::bytes(&run).svg()),
        ("docs/waf-growth-rules.svg", pictures::rules(&run).svg()),
    ])
}

fn engines(run: &Value) -> String {
    let mut table = "| request | Vauban | libmodsecurity | ratio |\n|---|---|---|---|\n".to_owned();
    for kind in list(run, "/kinds") {
        row(
            &mut table,
            &[
                text(kind, "kind").to_owned(),
                time(number(kind, "ours_us")),
                time(number(kind, "libmodsecurity_us")),
                format!("{:.0}", number(kind, "ratio")),
            ],
        );
    }
    table
}

fn gateway(run: &Value) -> String {
    let mut table = "| request | gateway | requests per second | CPU per request | p99 | core busy |\n|---|---|---|---|---|---|\n".to_owned();
    for kind in list(run, "/gateway/kinds") {
        for (side, name) in [("edge", "Vauban's edge"), ("nginx", "nginx + ModSecurity")] {
            let figure = |key: &str| {
                kind.pointer(&format!("/{side}/{key}"))
                    .and_then(Value::as_f64)
                    .unwrap_or(f64::NAN)
            };
            row(
                &mut table,
                &[
                    text(kind, "kind").to_owned(),
                    name.to_owned(),
                    format!("{:.0}", figure("requests_per_second")),
                    time(figure("cpu_us_per_request")),
                    time(figure("p99_us")),
                    format!("{:.0} %", figure("busy") * 100.0),
                ],
            );
        }
        let mut pairs: Vec<f64> = list(kind, "/pairs").filter_map(Value::as_f64).collect();
        pairs.sort_by(f64::total_cmp);
        row(
            &mut table,
            &[
                String::new(),
                "**ratio**".to_owned(),
                format!(
                    "**{:.1}** (pairs {:.1} to {:.1})",
                    number(kind, "ratio"),
                    pairs.first().copied().unwrap_or(f64::NAN),
                    pairs.last().copied().unwrap_or(f64::NAN),
                ),
                format!("**{:.1}**", number(kind, "cpu_ratio")),
                String::new(),
                String::new(),
            ],
        );
    }
    table
}

fn bytes(run: &Value) -> String {
    let sizes: Vec<f64> = list(run, "/growth/bytes")
        .next()
        .map(|series| {
            list(series, "/points")
                .map(|point| number(point, "bytes"))
                .collect()
        })
        .unwrap_or_default();
    let heads: Vec<String> = sizes.iter().map(|bytes| size(*bytes)).collect();
    let mut table = format!(
        "| body | engine | {} | × when it doubles | … at the end |\n|---|---|{}---|---|\n",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
    for series in list(run, "/growth/bytes") {
        for engine in ENGINES {
            growth_row(&mut table, series, engine, ("body", "bytes"), sizes.len());
        }
    }
    table
}

fn rules(run: &Value) -> String {
    let heads: Vec<String> = list(run, "/growth/rules")
        .next()
        .map(|series| {
            list(series, "/points")
                .map(|point| {
                    format!(
                        "{:.0}× ({:.0})",
                        number(point, "times"),
                        number(point, "rules")
                    )
                })
                .collect()
        })
        .unwrap_or_default();
    let mut table = format!(
        "| request | engine | {} | × when they double | … at the end |\n|---|---|{}---|---|\n",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
    for series in list(run, "/growth/rules") {
        for engine in ENGINES {
            growth_row(&mut table, series, engine, ("kind", "times"), heads.len());
        }
    }
    table
}

/// Key in the run, and name.
const ENGINES: [(&str, &str); 2] = [("ours", "Vauban"), ("libmodsecurity", "libmodsecurity")];

/// One engine's points of one series, when it was asked.
fn growth_row(
    table: &mut String,
    series: &Value,
    (engine, name): (&str, &str),
    (subject, unit): (&str, &str),
    columns: usize,
) {
    let key = format!("{engine}_per_doubling_of_{unit}");
    let Some(growth) = series.get(&key) else {
        return;
    };
    let points = list(series, "/points").map(|point| {
        let spent = point.get(format!("{engine}_us")).and_then(Value::as_f64);
        spent.map_or_else(|| "not asked".to_owned(), time)
    });
    let name = match text(series, "rules") {
        "" => name.to_owned(),
        words => format!("{name}, {words}"),
    };
    let mut cells = vec![text(series, subject).to_owned(), name];
    cells.extend(points.take(columns));
    cells.push(format!("{:.2}", number(growth, "all")));
    cells.push(format!("{:.2}", number(growth, "last_step")));
    row(table, &cells);
}

fn row(table: &mut String, cells: &[String]) {
    table.extend(["| ", &cells.join(" | "), " |\n"]);
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Microseconds for people.
fn time(us: f64) -> String {
    if us < 1000.0 {
        format!("{us:.0} µs")
    } else if us < 100_000.0 {
        format!("{:.1} ms", us / 1e3)
    } else if us < 1e6 {
        format!("{:.0} ms", us / 1e3)
    } else {
        format!("{:.1} s", us / 1e6)
    }
}

/// Bytes for people.
fn size(bytes: f64) -> String {
    if bytes < 1_048_576.0 {
        format!("{:.0} KB", bytes / 1024.0)
    } else {
        format!("{:.0} MB", bytes / 1_048_576.0)
    }
}

#[cfg(test)]
mod tests;
