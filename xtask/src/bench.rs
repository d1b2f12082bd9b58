//! `cargo xtask bench`: measured against a peer in the same run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

mod authority;
mod edge;
mod figures;
mod waf;

pub(crate) use figures::number;
use waf::Part;

/// Runs one benchmark.
pub(crate) fn bench(
    root: &Path,
    subject: &str,
    json: bool,
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    match subject {
        "edge" => edge::edge(root, json, rounds, seconds),
        "authority" => authority::authority(root, json, (rounds, seconds)),
        "waf" => waf::waf(root, Part::All, json, (rounds, seconds)),
        "waf-engines" => waf::waf(root, Part::Engines, json, (rounds, seconds)),
        "waf-growth" => waf::waf(root, Part::Growth, json, (rounds, seconds)),
        "waf-gateway" => waf::waf(root, Part::Gateway, json, (rounds, seconds)),
        other => bail!(
            "no benchmark is named `{other}`; there are `edge`, `authority`, `waf`, and of its parts `waf-engines`, `waf-growth` and `waf-gateway`"
        ),
    }
}

/// Keeps the raw output by subject and date.
fn keep(root: &Path, subject: &str, report: &Value) -> anyhow::Result<PathBuf> {
    let stamp = crate::run::output(root, "date", &["-u", "+%Y-%m-%dT%H%M%SZ"])?;
    let stamp = String::from_utf8_lossy(&stamp).trim().to_owned();
    let folder = root.join("bench/runs");
    std::fs::create_dir_all(&folder).context("bench/runs")?;
    let file = folder.join(format!("{subject}-{stamp}.json"));
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(&file, format!("{text}\n")).context("bench/runs")?;
    Ok(file)
}
