//! `cargo xtask tidy`: the tree against ARCHITECTURE.md and STYLE.md.
//!
//! Every rule here is a sentence of one of those two documents. Findings are printed together.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::run::metadata;
use crate::say;

mod files;
pub(crate) mod graph;
mod table;
mod words;

/// Runs every rule, prints the figures, fails when a rule is broken.
pub(crate) fn tidy(root: &Path) -> anyhow::Result<()> {
    let metadata = metadata(root)?;
    let graph = graph::Graph::read(&metadata)?;
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md could not be read")?;
    let rows = table::parse(&architecture)?;

    let mut broken = Vec::new();
    broken.extend(table::compare(&rows, &graph));
    broken.extend(graph.walls());
    broken.extend(graph.lints(root)?);
    let sources = files::sources(root)?;
    broken.extend(files::judge(root, &sources));
    broken.extend(words::judge(root, &sources));
    let lines = architecture.lines().count();
    if lines > 250 {
        broken.push(format!(
            "ARCHITECTURE.md has {lines} lines; 250 are the most"
        ));
    }

    for (level, names) in table::levels(&rows) {
        say(&format!("level {level}: {}", names.join(", ")));
    }
    let chain = graph.longest_chain();
    say(&format!(
        "longest chain ({}): {}",
        chain.len(),
        chain.join(" → ")
    ));
    let (median, maximum) = files::sizes(&sources);
    say(&format!(
        "files: {}, lines: median {median}, maximum {} ({})",
        sources.len(),
        maximum.lines,
        maximum.path
    ));
    let common = graph.common_mode();
    say(&format!(
        "common mode of edge and guard, own crates: {}",
        common.own.join(", ")
    ));
    say(&format!(
        "common mode of edge and guard, third parties named by both: {}",
        common.direct.join(", ")
    ));
    say(&format!(
        "common mode of edge and guard, third parties in all: {}",
        common.all.len()
    ));

    if broken.is_empty() {
        say("tidy: fine");
        return Ok(());
    }
    for line in &broken {
        say(&format!("tidy: {line}"));
    }
    bail!("{} rules broken", broken.len());
}
