//! `cargo xtask bench`: measured against a peer in the same run.

use std::path::Path;

use anyhow::bail;

mod edge;
mod waf;

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
        other => bail!("no benchmark is named `{other}`; there is `edge`"),
    }
}
