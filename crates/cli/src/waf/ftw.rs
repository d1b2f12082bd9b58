//! `vauban waf ftw`: the regression tests of OWASP CRS.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use vauban_waf::regression::{self, Case, Ledger, LedgerMistake, Outcome as Judged, Runner};
use vauban_waf::{Mode, Strategy};

use super::rules::RuleArguments;
use super::{folder, percent};
use crate::outcome::{Failure, Outcome};
use crate::{Format, say};

/// Bytes of a file of tests: the largest of CRS has 0.2 MB.
const FILE_BYTES_MAX: usize = 16 << 20;

/// Arguments of `vauban waf ftw`.
#[derive(Debug, Args)]
pub(crate) struct FtwArguments {
    /// Folders of tests, or files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    /// Cases that are known to fail, each with its reason.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How to print results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs it: exit 1 when ledger and outcomes differ.
pub(super) fn ftw(arguments: &FtwArguments) -> Outcome {
    let cases = cases(&arguments.paths)?;
    let ledger = ledger(arguments.ledger.as_ref())?;
    let rules = arguments.rules.texts(Some(regression::SETUP))?.load()?;
    let mut runner = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
    let judged: Vec<(&Case, Judged)> = cases
        .iter()
        .map(|case| (case, runner.judge(case)))
        .collect();
    let outcomes = judged
        .iter()
        .map(|(case, judged)| (case.id.as_str(), judged));
    let mistakes = ledger.compare(outcomes);
    match arguments.format {
        Format::Json => say(&json(&judged, &ledger, &mistakes).to_string()),
        Format::Text => text(&judged, &ledger, &mistakes),
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}

/// Every case of every file; what cannot be read is told together.
fn cases(paths: &[PathBuf]) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    let mut mistakes = Vec::new();
    for found in folder::files(paths)? {
        let yaml = found
            .path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        if !yaml && !found.named {
            continue;
        }
        let bytes = folder::bytes(&found.path, FILE_BYTES_MAX)?;
        let text = String::from_utf8_lossy(&bytes);
        match regression::read(&found.name, &text) {
            Ok(own) => cases.extend(own),
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::Configuration(mistakes.join("\n")));
    }
    if cases.is_empty() {
        return Err(Failure::Configuration(
            "there are no tests: no `.yaml` holds any".to_owned(),
        ));
    }
    Ok(cases)
}

fn ledger(file: Option<&PathBuf>) -> Result<Ledger, Failure> {
    let Some(file) = file else {
        return Ok(Ledger::default());
    };
    let bytes = folder::bytes(file, FILE_BYTES_MAX)?;
    Ledger::read(&String::from_utf8_lossy(&bytes))
        .map_err(|mistake| Failure::Configuration(format!("{}: {mistake}", file.display())))
}

/// Passed, failed, skipped.
fn counts(judged: &[(&Case, Judged)]) -> [usize; 3] {
    let mut counts = [0; 3];
    let [passed, failed, skipped] = &mut counts;
    for (_, judged) in judged {
        *match judged {
            Judged::Passed => &mut *passed,
            Judged::Failed(_) => &mut *failed,
            Judged::NotCheckable(_) => &mut *skipped,
        } += 1;
    }
    counts
}

fn reason<'l>(ledger: &'l Ledger, id: &str) -> Option<&'l str> {
    let entry = ledger.entries().find(|entry| entry.id == id);
    entry.map(|entry| entry.reason.as_str())
}

fn json(judged: &[(&Case, Judged)], ledger: &Ledger, mistakes: &[LedgerMistake]) -> Value {
    let [passed, failed, skipped] = counts(judged);
    let listed = |wanted: fn(&Judged) -> Option<&str>| -> Vec<Value> {
        let own = judged
            .iter()
            .filter_map(|(case, judged)| Some((case, wanted(judged)?)));
        own.map(|(case, why)| {
            json!({"id": case.id, "file": case.file, "reason": why, "ledger": reason(ledger, &case.id)})
        })
        .collect()
    };
    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    json!({
        "passed": passed, "failed": failed, "skipped": skipped, "of": judged.len(),
        "failures": listed(failure), "skips": listed(skip), "unexplained": mistakes,
    })
}

fn failure(judged: &Judged) -> Option<&str> {
    match judged {
        Judged::Failed(why) => Some(why),
        Judged::Passed | Judged::NotCheckable(_) => None,
    }
}

fn skip(judged: &Judged) -> Option<&str> {
    match judged {
        Judged::NotCheckable(why) => Some(why),
        Judged::Passed | Judged::Failed(_) => None,
    }
}

fn text(judged: &[(&Case, Judged)], ledger: &Ledger, mistakes: &[LedgerMistake]) {
    let [passed, failed, skipped] = counts(judged);
    for (case, judged) in judged {
        if let Judged::Failed(why) = judged {
            let known = reason(ledger, &case.id).unwrap_or("not in the ledger");
            say(&format!("{:<14} {why}\n               {known}", case.id));
        }
    }
    let stale = mistakes
        .iter()
        .filter(|mistake| !matches!(mistake, LedgerMistake::Unlisted(..)));
    for mistake in stale {
        say(&format!("ledger: {mistake}"));
    }
    let checked = passed + failed;
    say(&format!(
        "{passed} passed, {failed} failed, {skipped} skipped, of {}; {} of what can be checked",
        judged.len(),
        percent(passed, checked)
    ));
    if !mistakes.is_empty() {
        say(&format!("{} not explained by the ledger", mistakes.len()));
    }
}
