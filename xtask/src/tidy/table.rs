//! ARCHITECTURE.md's crate table is the rule.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};

use super::graph::Graph;

/// One row: `| level | crate | question | uses |`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    level: u32,
    name: String,
    uses: BTreeSet<String>,
}

/// Reads the table under the heading `## Crates`.
pub(crate) fn parse(document: &str) -> anyhow::Result<Vec<Row>> {
    let section = document
        .split("\n## ")
        .find(|section| section.starts_with("Crates"))
        .context("ARCHITECTURE.md has no heading `## Crates`")?;
    let mut rows = Vec::new();
    for line in section.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [level, name, _question, uses] = cells.as_slice() else {
            bail!("ARCHITECTURE.md: a row of the crate table has not four cells: `{line}`");
        };
        let Ok(level) = level.parse() else { continue };
        rows.push(Row {
            level,
            name: full(name.trim_matches('`')),
            uses: uses
                .split(',')
                .map(|word| word.trim().trim_matches('`'))
                .filter(|word| !word.is_empty() && *word != "—")
                .map(full)
                .collect(),
        });
    }
    if rows.is_empty() {
        bail!("ARCHITECTURE.md: the crate table has no rows");
    }
    Ok(rows)
}

fn full(name: &str) -> String {
    if name == "xtask" {
        name.to_owned()
    } else {
        format!("vauban-{name}")
    }
}

/// Level → crates, for the figures.
pub(crate) fn levels(rows: &[Row]) -> BTreeMap<u32, Vec<&str>> {
    let mut levels: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for row in rows {
        levels.entry(row.level).or_default().push(&row.name);
    }
    levels
}

/// Every difference between table and graph, and every arrow that does not go down.
pub(crate) fn compare(rows: &[Row], graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    let level_of: BTreeMap<&str, u32> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.level))
        .collect();
    for row in rows {
        let Some(real) = graph.own.get(&row.name) else {
            broken.push(format!(
                "ARCHITECTURE.md lists `{}`, which is not a member",
                row.name
            ));
            continue;
        };
        for name in real.difference(&row.uses) {
            broken.push(format!(
                "`{}` uses `{name}`, which its row in ARCHITECTURE.md does not say",
                row.name
            ));
        }
        for name in row.uses.difference(real) {
            broken.push(format!(
                "ARCHITECTURE.md says that `{}` uses `{name}`; it does not",
                row.name
            ));
        }
        for name in real {
            if level_of
                .get(name.as_str())
                .is_some_and(|level| *level >= row.level)
            {
                broken.push(format!(
                    "the arrow `{}` → `{name}` does not go down a level",
                    row.name
                ));
            }
        }
    }
    for name in graph.own.keys() {
        if !level_of.contains_key(name.as_str()) {
            broken.push(format!("`{name}` is missing in ARCHITECTURE.md's table"));
        }
    }
    broken
}

#[cfg(test)]
mod tests;
