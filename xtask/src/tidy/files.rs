//! Sizes and opening words of source files.

use std::path::Path;

use anyhow::Context as _;

/// A Rust file of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path from the root.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Number of lines.
    pub(crate) lines: usize,
}

/// Lines above which a file fails (STYLE.md habit 9).
const LINES_MAX: usize = 800;

/// Files that may be longer, with the reason; an entry that is no longer needed fails.
const EXEMPT: &[(&str, &str)] = &[];

/// Every Rust file that git would keep.
pub(crate) fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in ["crates", "bank", "testkit", "xtask", "fuzz"] {
        walk(root, &root.join(folder), &mut found)?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                walk(root, &path, found)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.push(Source {
                path: name.to_string_lossy().into_owned(),
                lines: text.lines().count(),
                text,
            });
        }
    }
    Ok(())
}

/// Size, module documentation and stale exemptions.
pub(crate) fn judge(root: &Path, sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let exempt = EXEMPT.iter().any(|(path, _)| *path == source.path);
        if source.lines > LINES_MAX && !exempt {
            broken.push(format!(
                "{} has {} lines; {LINES_MAX} are the most",
                source.path, source.lines
            ));
        }
        if source.lines <= LINES_MAX && exempt {
            broken.push(format!(
                "{} no longer needs its exemption in xtask/src/tidy/files.rs",
                source.path
            ));
        }
        if needs_documentation(&source.path) && !source.text.trim_start().starts_with("//!") {
            broken.push(format!("{} does not open with `//!`", source.path));
        }
        if source.path.ends_with("/mod.rs") {
            broken.push(format!("{}: `foo.rs` + `foo/`, not `mod.rs`", source.path));
        }
    }
    for (path, _) in EXEMPT {
        if !root.join(path).exists() {
            broken.push(format!("{path} is exempt and does not exist"));
        }
    }
    broken
}

/// Tests, build scripts and fuzz targets say what they are by their place.
fn needs_documentation(path: &str) -> bool {
    !(path.contains("/tests/") || path.ends_with("/tests.rs") || path.starts_with("fuzz/"))
}

/// Median of lines, and the longest file.
pub(crate) fn sizes(sources: &[Source]) -> (usize, Source) {
    let mut sorted = sources.to_vec();
    sorted.sort_by_key(|source| source.lines);
    let median = sorted
        .get(sorted.len() / 2)
        .map_or(0, |source| source.lines);
    let longest = sorted.pop().unwrap_or(Source {
        path: String::new(),
        text: String::new(),
        lines: 0,
    });
    (median, longest)
}
