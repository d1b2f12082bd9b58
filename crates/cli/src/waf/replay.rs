//! `vauban waf replay`: how much of a folder of payloads is blocked.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vauban_waf::regression::Runner;
use vauban_waf::replay::{self, Form, Placement, Replay};
use vauban_waf::{Mode, Strategy};

use super::folder::{self, Found};
use super::percent;
use super::rules::RuleArguments;
use crate::outcome::{Failure, Outcome};
use crate::{Format, say};

/// Bytes of a file of payloads.
const FILE_BYTES_MAX: usize = 64 << 20;

/// How files of payloads are read.
#[derive(Debug, Args)]
pub(super) struct ReadingArguments {
    /// Form of the files; otherwise by their ends: `.yml` and `.yaml` are gotestwaf's, `.txt` lines, `.jsonl` JSON lines,
    /// `.http` and `.raw` one request each.
    #[arg(long, value_enum)]
    form: Option<FormName>,
    /// Where the value of a line goes.
    #[arg(long, value_enum, default_value_t = PlacementName::Query)]
    place: PlacementName,
}

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// Payloads, encoders and placeholders of gotestwaf.
    Gotestwaf,
    /// A value per line.
    Lines,
    /// A URL-encoded value per line.
    Encoded,
    /// A JSON object per line, the value under `text`.
    Jsonl,
    /// One request as it stands on the wire.
    Wire,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlacementName {
    /// `GET /search?q=…`
    Query,
    /// `POST /items` with `{"text": "…"}`
    Json,
}

/// Arguments of `vauban waf replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Folders of payloads, or files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    /// All of it is hostile: what passes is missed. Otherwise files of gotestwaf say what they are by their names.
    #[arg(long, conflicts_with = "benign")]
    attacks: bool,
    /// All of it is harmless: what is blocked is a false positive.
    #[arg(long)]
    benign: bool,
    /// Name what was missed and what was blocked wrongly.
    #[arg(long)]
    list: bool,
    /// How to print results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Files by their names.
type Files = Vec<(String, Replay)>;

/// What came of requests.
#[derive(Debug, Default, Clone)]
struct Tally {
    requests: usize,
    blocked: usize,
    /// A rule gave no answer, so that a line of defence would refuse for caution.
    not_inspected: usize,
    attacks: usize,
    missed: usize,
    benign: usize,
    false_positives: usize,
    not_sent: usize,
    wrong: Vec<String>,
}

/// Runs it. A rate is no finding: exit 0 whatever it is.
pub(super) fn replay(arguments: &ReplayArguments) -> Outcome {
    let (files, unread) = read(&arguments.paths, &arguments.reading)?;
    let rules = arguments.rules.texts(None)?.load()?;
    let mut runner = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
    let label = match (arguments.attacks, arguments.benign) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        (false, false) => None,
    };
    let mut total = Tally::default();
    let mut rows = Vec::new();
    for (name, replay) in &files {
        let tally = tally(&mut runner, replay, label);
        total.add(&tally);
        rows.push((name.as_str(), tally));
    }
    match arguments.format {
        Format::Json => {
            let files: Vec<Value> = rows
                .iter()
                .map(|(name, tally)| tally.json(Some(name), arguments.list))
                .collect();
            let mut all = total.json(None, arguments.list);
            if let Some(object) = all.as_object_mut() {
                object.insert("unread".to_owned(), json!(unread));
                object.insert("files".to_owned(), json!(files));
            }
            say(&all.to_string());
        }
        Format::Text => text(&rows, &total, &unread, arguments.list),
    }
    Ok(())
}

/// The requests of every file, and the names of files without a form.
pub(super) fn read(
    paths: &[PathBuf],
    reading: &ReadingArguments,
) -> Result<(Files, Vec<String>), Failure> {
    let mut files = Vec::new();
    let mut unread = Vec::new();
    let mut mistakes = Vec::new();
    for found in folder::files(paths)? {
        let Some(form) = reading.form(&found) else {
            if found.named {
                mistakes.push(format!(
                    "`{}` has no end that says its form\n  hint: name it with `--form`",
                    found.path.display()
                ));
            } else {
                unread.push(found.name);
            }
            continue;
        };
        let bytes = folder::bytes(&found.path, FILE_BYTES_MAX)?;
        match replay::read(&found.name, &bytes, form) {
            Ok(replay) => files.push((found.name, replay)),
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    if mistakes.is_empty() && files.iter().all(|(_, replay)| replay.requests.is_empty()) {
        mistakes.push("there are no requests in what was named".to_owned());
    }
    if mistakes.is_empty() {
        Ok((files, unread))
    } else {
        Err(Failure::Configuration(mistakes.join("\n")))
    }
}

impl ReadingArguments {
    fn form(&self, found: &Found) -> Option<Form> {
        let place = match self.place {
            PlacementName::Query => Placement::Query,
            PlacementName::Json => Placement::Json,
        };
        let end = found.path.extension().map(|end| end.to_string_lossy());
        let form = match (self.form, end.as_deref()) {
            (Some(form), _) => form,
            (None, Some("yml" | "yaml")) => FormName::Gotestwaf,
            (None, Some("txt")) => FormName::Lines,
            (None, Some("jsonl")) => FormName::Jsonl,
            (None, Some("http" | "raw")) => FormName::Wire,
            (None, _) => return None,
        };
        Some(match form {
            FormName::Gotestwaf => Form::GoTestWaf,
            FormName::Lines => Form::Lines(place),
            FormName::Encoded => Form::EncodedLines(place),
            FormName::Jsonl => Form::JsonLines(place),
            FormName::Wire => Form::Wire,
        })
    }
}

fn tally(runner: &mut Runner, replay: &Replay, label: Option<bool>) -> Tally {
    let mut tally = Tally {
        not_sent: replay.skipped.len(),
        ..Tally::default()
    };
    for replayed in &replay.requests {
        let report = runner.transact(&replayed.request, None);
        let blocked = report.asks();
        let is_attack = label.or(replayed.attack);
        let one = |yes: bool| usize::from(yes);
        tally.requests += 1;
        tally.blocked += one(blocked);
        tally.not_inspected += one(!blocked && !report.exhausted.is_empty());
        tally.attacks += one(is_attack == Some(true));
        tally.benign += one(is_attack == Some(false));
        tally.missed += one(is_attack == Some(true) && !blocked);
        tally.false_positives += one(is_attack == Some(false) && blocked);
        if is_attack.is_some_and(|attack| attack != blocked) {
            tally.wrong.push(replayed.id.clone());
        }
    }
    tally
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.blocked += other.blocked;
        self.not_inspected += other.not_inspected;
        self.attacks += other.attacks;
        self.missed += other.missed;
        self.benign += other.benign;
        self.false_positives += other.false_positives;
        self.not_sent += other.not_sent;
        self.wrong.extend_from_slice(&other.wrong);
    }

    fn json(&self, file: Option<&str>, list: bool) -> Value {
        let mut value = json!({
            "requests": self.requests, "blocked": self.blocked,
            "passed": self.requests - self.blocked,
            "attacks": self.attacks, "missed": self.missed,
            "benign": self.benign, "false_positives": self.false_positives,
            "not_inspected": self.not_inspected, "not_sent": self.not_sent,
        });
        if let Some(object) = value.as_object_mut() {
            if let Some(file) = file {
                object.insert("file".to_owned(), json!(file));
            }
            // The total repeats no names.
            if list && file.is_some() {
                object.insert("wrong".to_owned(), json!(self.wrong));
            }
        }
        value
    }
}

fn text(rows: &[(&str, Tally)], total: &Tally, unread: &[String], list: bool) {
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max(5);
    let line = |name: &str, tally: &Tally| {
        let wrong = [
            (tally.attacks > 0)
                .then(|| format!("{} of {} attacks missed", tally.missed, tally.attacks)),
            (tally.benign > 0).then(|| {
                format!(
                    "{} of {} false positives",
                    tally.false_positives, tally.benign
                )
            }),
        ];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        let passed = tally.requests - tally.blocked;
        say(&format!(
            "{name:<width$} {:>7} {:>7}  {:>7}  {}",
            tally.blocked,
            passed,
            percent(tally.blocked, tally.requests),
            wrong.join(", ")
        ));
    };
    say(&format!("{:<width$} {:>7} {:>7}", "", "blocked", "passed"));
    for (name, tally) in rows {
        line(name, tally);
        if list {
            for id in &tally.wrong {
                say(&format!("  {id}"));
            }
        }
    }
    line("total", total);
    for (count, what) in [
        (total.not_inspected, "passed because a rule gave no answer"),
        (
            total.not_sent,
            "not sent: their placeholder is not one that can be sent",
        ),
        (unread.len(), "files not read: their end says no form"),
    ] {
        if count > 0 {
            say(&format!("{count} {what}"));
        }
    }
}
