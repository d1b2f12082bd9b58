//! The rules of a plan for one request: the edge's own way from a target to a route, and from the route to its rules.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use vauban_edge::Hit;
use vauban_policy::{Denial, Inspect, Plan, RuleFile, RuleSource, WafMode};
use vauban_waf::regression::Request;
use vauban_waf::{Mode, RuleSet};

use super::shown;
use crate::files;
use crate::outcome::Failure;

/// The rules that hold for a request, and what the plan says about them.
pub(super) struct Planned {
    /// The rules of its route.
    pub(super) rules: Arc<RuleSet>,
    /// What the route does with what they find.
    pub(super) mode: Mode,
    settings: Vec<(&'static str, String)>,
}

/// Finds them. The request is changed to what the edge shows its rules: its library writes names of headers in small letters.
pub(super) fn of(config: &Path, request: &mut Request) -> Result<Planned, Failure> {
    let loaded = files::load(config)?;
    let plan = &loaded.plan;
    let target = String::from_utf8_lossy(&request.target);
    let method = String::from_utf8_lossy(&request.method);
    let hit = vauban_edge::route_of(plan, &method, &target)
        .map_err(|denial| unreachable_words(plan, request, &denial))?;
    let inspect = &hit.route.waf;
    let mode = match &inspect.mode {
        WafMode::Off { because } => {
            return Err(Failure::Configuration(format!(
                "{}: route `{}` is not inspected: `danger_off` says `{because}`",
                plan.file, hit.route.path
            )));
        }
        WafMode::Monitor => Mode::Monitor,
        WafMode::Block => Mode::Block,
    };
    let rules = files::rules(&loaded)?.set(inspect).ok_or_else(|| {
        anyhow::anyhow!("the rules of route `{}` were not loaded", hit.route.path)
    })?;
    for (name, _) in &mut request.headers {
        name.make_ascii_lowercase();
    }
    Ok(Planned {
        rules,
        mode,
        settings: settings(plan, &hit, inspect),
    })
}

fn unreachable_words(plan: &Plan, request: &Request, denial: &Denial) -> Failure {
    let asked = [&request.method[..], b" ", &request.target].concat();
    let mut text = format!(
        "{}: `{}` reaches no rule: the edge answers {} `{}`: {}",
        plan.file,
        shown(&asked),
        denial.status(),
        denial.code(),
        denial.sentence()
    );
    if let Some(allowed) = denial.allow() {
        text.push_str("\n  hint: the plan offers ");
        text.push_str(&allowed);
    }
    Failure::Configuration(text)
}

fn settings(plan: &Plan, hit: &Hit<'_>, inspect: &Inspect) -> Vec<(&'static str, String)> {
    let rules: Vec<&str> = plan.waf.rules.iter().map(word).collect();
    let files = |files: &[RuleFile]| {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        paths.join(", ")
    };
    let mode = match inspect.mode {
        WafMode::Off { .. } => "off",
        WafMode::Monitor => "monitor",
        WafMode::Block => "block",
    };
    let operation = format!("{} of {}", hit.operation.id, hit.service.name);
    let mut settings = vec![
        ("plan", plan.file.clone()),
        ("route", hit.route.path.to_string()),
        ("operation", operation),
        ("rules", rules.join(", ")),
        ("mode", mode.to_owned()),
    ];
    if let Some(level) = inspect.paranoia {
        settings.push(("paranoia", level.to_string()));
    }
    for (name, list) in [("before", &inspect.before), ("after", &inspect.after)] {
        if !list.is_empty() {
            settings.push((name, files(list)));
        }
    }
    settings
}

fn word(source: &RuleSource) -> &str {
    match source {
        RuleSource::Baseline => "baseline",
        RuleSource::Crs => "crs",
        RuleSource::Profile => "profile",
        RuleSource::File(file) => &file.path,
    }
}

impl Planned {
    /// A line for each setting, and an empty one.
    pub(super) fn text(&self) -> String {
        let settings = self.settings.iter();
        let lines = settings.map(|(name, value)| format!("{name:<9}  {value}\n"));
        lines.chain(["\n".to_owned()]).collect()
    }

    /// The settings by their names.
    pub(super) fn json(&self) -> Value {
        let settings = self.settings.iter();
        settings
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    }
}
