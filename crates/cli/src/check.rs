//! `vauban check`: facts into findings.

use std::path::Path;

use anyhow::Context as _;

use crate::outcome::{Failure, Outcome};
use crate::{Format, files, say, tell};

/// Prints the findings; any finding makes exit code 1. What the rules ask for in vain goes to standard error.
pub(crate) fn check(config: &Path, format: Format, components: Option<&Path>) -> Outcome {
    let loaded = files::load(config)?;
    for line in files::rules(&loaded)?.without_effect() {
        tell(&format!("note: {line}"));
    }
    let components = match components {
        None => vauban_seam::Components::embedded(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("`{}` could not be read", file.display()))?;
            vauban_seam::Components::parse(&text)
                .map_err(|error| Failure::Configuration(format!("{}: {error}", file.display())))?
        }
    };
    let findings = vauban_seam::check(&vauban_seam::facts(&loaded.plan, &components));
    match format {
        Format::Text => say(vauban_seam::text(&findings).trim_end()),
        Format::Json => say(vauban_seam::json(&findings).trim_end()),
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}
