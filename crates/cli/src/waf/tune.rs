//! `vauban waf tune`: false positives become exclusions, and a trial says what those would let through.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use vauban_waf::regression::{Request, Runner};
use vauban_waf::tune::{self, Observation, Placement, Proposal, Tuning};
use vauban_waf::{Mode, Strategy};

use super::replay::ReadingArguments;
use super::rules::{RuleArguments, Texts, listed};
use super::{folder, replay};
use crate::outcome::{Failure, Outcome};
use crate::{Format, say};

/// Bytes of a segment or of a file of observations.
const FILE_BYTES_MAX: usize = 256 << 20;
/// Mistakes that are printed.
const MISTAKES_MAX: usize = 20;
/// Attacks that are named in the text.
const NAMED_MAX: usize = 5;

/// Arguments of `vauban waf tune`.
#[derive(Debug, Args)]
pub(crate) struct TuneArguments {
    /// What was refused wrongly: segments of an audit log (`.seg`), or JSON lines of its events or of
    /// `{"rule":942100,"variable":"ARGS:comment","path":"/articles"}`; or a folder of them.
    audit: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    /// Harmless requests or payloads: what the rules find in those that they block is observed as well, and they are counted
    /// again with the exclusions.
    #[arg(long, value_name = "PATH")]
    benign: Vec<PathBuf>,
    /// Attacks that are replayed with and without the exclusions.
    #[arg(long, value_name = "PATH")]
    attacks: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Only observations of these rules.
    #[arg(long = "rule", value_name = "ID")]
    only: Vec<u64>,
    /// Least number of observations that is worth an exclusion.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    min: u64,
    /// Id of the first rule that is proposed; 1 to 99999 are for use in one's own house.
    #[arg(long, value_name = "ID", default_value_t = 20_000)]
    first_id: u64,
    /// Write the exclusions there. Those that must be read after the rules go to a second file beside it, `NAME-after`.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long, requires = "write")]
    force: bool,
    /// How to print results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What a trial says.
#[derive(Debug, Default)]
struct Trial {
    /// Harmless requests, and how many are blocked without and with the exclusions.
    benign: [usize; 3],
    /// Attacks of the corpus, as they are.
    attacks: usize,
    /// Names of those that pass only with the exclusions.
    passed: Vec<String>,
    /// For each proposal: attacks put where it looks away, and those that pass only with the exclusions.
    aimed: Vec<(usize, usize)>,
}

type Named = Vec<(String, Request)>;

/// Runs it: exit 1 when attacks would newly pass.
pub(super) fn tune(arguments: &TuneArguments) -> Outcome {
    if arguments.audit.is_empty() && arguments.benign.is_empty() {
        return Err(Failure::Configuration(
            "nothing was observed: name files of an audit log, or `--benign` requests".to_owned(),
        ));
    }
    let mut observations = observations(&arguments.audit)?;
    let benign = corpus(&arguments.benign, &arguments.reading)?;
    let attacks = corpus(&arguments.attacks, &arguments.reading)?;
    let texts = arguments.rules.texts(None)?;
    let mut without = runner(&texts)?.traced();
    let mut blocked = 0;
    for (_, request) in &benign {
        let report = without.transact(request, None);
        if report.asks() {
            blocked += 1;
            observations.extend(tune::observed_in(&report, &request.target));
        }
    }
    observations.retain(|one| arguments.only.is_empty() || arguments.only.contains(&one.rule));
    let mut tuning = tune::propose(&observations, arguments.first_id);
    tuning.proposals.retain(|one| one.count >= arguments.min);
    for proposal in &tuning.proposals {
        proposal
            .check()
            .map_err(|mistakes| Failure::Configuration(listed(&mistakes)))?;
    }
    let [before, after] = [Placement::Before, Placement::After]
        .map(|placement| tune::written(&tuning.proposals, placement));
    let mut with = runner(&texts.with(&before, &after))?;
    let mut trial = trial(&tuning.proposals, &attacks, [&mut without, &mut with]);
    let left = benign
        .iter()
        .filter(|(_, request)| with.transact(request, None).asks());
    trial.benign = [benign.len(), blocked, left.count()];
    let files = match &arguments.write {
        Some(file) => write(file, arguments.force, [&before, &after])?,
        None => Vec::new(),
    };
    match arguments.format {
        Format::Json => say(&json(&tuning, &trial, &files).to_string()),
        Format::Text => text(&tuning, &trial, &files),
    }
    let opened = trial.aimed.iter().any(|(_, passed)| *passed > 0);
    if opened || !trial.passed.is_empty() {
        return Err(Failure::Findings);
    }
    Ok(())
}

fn runner(texts: &Texts) -> Result<Runner, Failure> {
    let rules = texts.load()?;
    Ok(Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed))
}

fn corpus(paths: &[PathBuf], reading: &ReadingArguments) -> Result<Named, Failure> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let (files, _) = replay::read(paths, reading)?;
    let all = files.into_iter().flat_map(|(_, replay)| replay.requests);
    Ok(all.map(|one| (one.id, one.request)).collect())
}

fn observations(paths: &[PathBuf]) -> Result<Vec<Observation>, Failure> {
    let mut all = Vec::new();
    let mut mistakes = Vec::new();
    for found in folder::files(paths)? {
        let end = found.path.extension();
        if !found.named && !end.is_some_and(|end| end == "seg" || end == "jsonl") {
            continue;
        }
        let bytes = folder::bytes(&found.path, FILE_BYTES_MAX)?;
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            match tune::observed(line) {
                Ok(own) => all.extend(own),
                Err(what) => {
                    mistakes.push(format!("{}:{}: {what}", found.path.display(), index + 1));
                }
            }
        }
    }
    if mistakes.is_empty() {
        return Ok(all);
    }
    let more = mistakes.len().saturating_sub(MISTAKES_MAX);
    mistakes.truncate(MISTAKES_MAX);
    if more > 0 {
        mistakes.push(format!("and {more} more"));
    }
    Err(Failure::Configuration(mistakes.join("\n")))
}

fn trial(proposals: &[Proposal], attacks: &Named, [without, with]: [&mut Runner; 2]) -> Trial {
    let requests = attacks.iter().map(|(_, request)| request);
    let passed = tune::newly_passed(without, with, requests);
    let names = passed.iter().filter_map(|index| attacks.get(*index));
    let mut trial = Trial {
        attacks: attacks.len(),
        passed: names.map(|(name, _)| name.clone()).collect(),
        ..Trial::default()
    };
    for proposal in proposals {
        let aimed: Vec<Request> = attacks
            .iter()
            .flat_map(|(_, request)| tune::aimed(request, proposal))
            .collect();
        let passed = tune::newly_passed(without, with, &aimed);
        trial.aimed.push((aimed.len(), passed.len()));
    }
    trial
}

/// Writes what is not empty; the names of the files.
fn write(
    file: &Path,
    force: bool,
    [before, after]: [&str; 2],
) -> Result<Vec<(PathBuf, &'static str)>, Failure> {
    let end = file
        .extension()
        .map_or(String::new(), |end| format!(".{}", end.to_string_lossy()));
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let second = file.with_file_name(format!("{stem}-after{end}"));
    let texts = [
        (file.to_path_buf(), before, "before"),
        (second, after, "after"),
    ];
    let texts: Vec<_> = texts
        .into_iter()
        .filter(|(_, text, _)| !text.is_empty())
        .collect();
    for (path, _, _) in &texts {
        if !force && path.exists() {
            return Err(Failure::Configuration(format!(
                "`{}` is there already\n  hint: `--force` replaces it",
                path.display()
            )));
        }
    }
    for (path, text, _) in &texts {
        write_whole(path, text)?;
    }
    let files = texts.into_iter().map(|(path, _, order)| (path, order));
    Ok(files.collect())
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::File::create_new(&beside).and_then(|mut open| {
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| {
        // What cannot be removed either is named by the error.
        drop(std::fs::remove_file(&beside));
        Failure::CouldNotRun(anyhow::anyhow!(
            "`{}` could not be written: {error}",
            path.display()
        ))
    })
}

fn order(placement: Placement) -> &'static str {
    match placement {
        Placement::Before => "before",
        Placement::After => "after",
    }
}

fn json(tuning: &Tuning, trial: &Trial, files: &[(PathBuf, &str)]) -> Value {
    let proposals: Vec<Value> = tuning
        .proposals
        .iter()
        .zip(&trial.aimed)
        .map(|(one, (aimed, passed))| {
            json!({
                "rule": one.rule, "target": one.target, "path": one.path, "observed": one.count,
                "load": order(one.placement), "text": one.text,
                "aimed": aimed, "aimed_newly_passed": passed,
            })
        })
        .collect();
    let declined: Vec<Value> = tuning
        .declined
        .iter()
        .map(|(rule, variable, why)| json!({"rule": rule, "variable": variable, "reason": why}))
        .collect();
    let [benign, blocked, left] = trial.benign;
    json!({
        "proposals": proposals, "declined": declined,
        "benign": {"requests": benign, "blocked_without": blocked, "blocked_with": left},
        "attacks": {"requests": trial.attacks, "newly_passed": trial.passed},
        "written": files.iter().map(|(path, order)| json!({"file": path, "load": order})).collect::<Vec<_>>(),
    })
}

fn text(tuning: &Tuning, trial: &Trial, files: &[(PathBuf, &str)]) {
    if tuning.proposals.is_empty() {
        say("nothing to propose");
    }
    for (one, (aimed, passed)) in tuning.proposals.iter().zip(&trial.aimed) {
        let scope = match (&one.target, &one.path) {
            (Some(target), Some(path)) => format!("{target} at {path}"),
            (Some(target), None) => format!("{target}, everywhere"),
            (None, Some(path)) => format!("the whole rule at {path}"),
            (None, None) => "the whole rule, everywhere".to_owned(),
        };
        say(&format!(
            "rule {}: {} (observed {}; load {} the rules)",
            one.rule,
            super::shown(scope.as_bytes()),
            one.count,
            order(one.placement)
        ));
        for line in one.text.lines() {
            say(&format!("    {line}"));
        }
        match (trial.attacks, aimed) {
            (0, _) => say("  not tried: name attacks with `--attacks`"),
            (_, 0) => say("  attacks cannot be put there"),
            (_, aimed) => say(&format!(
                "  {passed} of {aimed} attacks put there pass only with the exclusions"
            )),
        }
    }
    for (rule, variable, why) in &tuning.declined {
        let variable = super::shown(variable.as_bytes());
        say(&format!(
            "rule {rule}: nothing proposed for {variable}: {why}"
        ));
    }
    let [benign, blocked, left] = trial.benign;
    if benign > 0 {
        say(&format!(
            "harmless requests blocked: {blocked} of {benign} without, {left} with the exclusions"
        ));
    }
    if trial.attacks > 0 {
        say(&format!(
            "attacks as they are: {} of {} pass only with the exclusions",
            trial.passed.len(),
            trial.attacks
        ));
        for name in trial.passed.iter().take(NAMED_MAX) {
            say(&format!("  {name}"));
        }
    }
    for (path, order) in files {
        say(&format!(
            "written: {} (load it {order} the rules)",
            path.display()
        ));
    }
}
