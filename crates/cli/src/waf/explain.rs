//! `vauban waf test`: what the rules say about one request, and why.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vauban_waf::regression::{Request, Runner};
use vauban_waf::{Intervention, InterventionKind, Mode, Report, Strategy, Traced};

use super::planned::{self, Planned};
use super::rules::{KIND, RuleArguments};
use super::{folder, shown};
use crate::outcome::{Failure, Outcome};
use crate::{Format, say, tell};

/// Bytes of a request.
const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Characters of a value on the terminal.
const SHOWN_MAX: usize = 120;

/// Arguments of `vauban waf test`.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// One HTTP/1.1 request as it stands on the wire; `-` is standard input.
    request: PathBuf,
    /// The rules that this plan has for the route of the request, in place of those named here.
    #[arg(
        short,
        long,
        value_name = "PLAN",
        group = KIND,
        conflicts_with_all = ["engine", "setup", "paranoia", "before", "after", "unicode_map"]
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    /// Also rules that matched and are silent (`nolog`).
    #[arg(long)]
    all: bool,
    /// How to print results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs it: exit 1 when the request is blocked, or would be if the engine did not only detect.
pub(super) fn test(arguments: &TestArguments) -> Outcome {
    let mut request = request(&arguments.request)?;
    let planned = match &arguments.config {
        Some(plan) => Some(planned::of(plan, &mut request)?),
        None => None,
    };
    let (rules, mode) = match &planned {
        Some(planned) => (Arc::clone(&planned.rules), planned.mode),
        None => (arguments.rules.texts(None)?.load()?, Mode::AsConfigured),
    };
    for left in rules.left_to_caller() {
        tell(&format!("note: {left}"));
    }
    let mut runner = Runner::new(&rules, mode, Strategy::Indexed).traced();
    let report = runner.transact(&request, None);
    let seen = Seen {
        request: &request,
        planned: planned.as_ref(),
        whole: runner.saw_whole(),
        report: &report,
    };
    let fired: Vec<&Traced> = report
        .trace
        .iter()
        .filter(|traced| traced.logged || arguments.all)
        .collect();
    match arguments.format {
        Format::Json => say(&json(&seen, &fired).to_string()),
        Format::Text => say(text(&seen, &fired)?.trim_end()),
    }
    if seen.verdict().0 == PASSES {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}

/// A request, and what came of it.
struct Seen<'a> {
    request: &'a Request,
    planned: Option<&'a Planned>,
    /// Whether the rules saw all of it.
    whole: bool,
    report: &'a Report,
}

const PASSES: &str = "passes";

impl Seen<'_> {
    /// What becomes of the request.
    fn verdict(&self) -> (&'static str, Option<&Intervention>) {
        let report = self.report;
        match (&report.intervention, &report.withheld) {
            (Some(asked), _) => ("blocked", Some(asked)),
            (None, Some(asked)) => ("would be blocked", Some(asked)),
            (None, None) if self.whole && report.exhausted.is_empty() => (PASSES, None),
            (None, None) => ("not inspected", None),
        }
    }
}

fn request(file: &Path) -> Result<Request, Failure> {
    let bytes = if file.as_os_str() == "-" {
        vauban_edge::read_stream(std::io::stdin(), REQUEST_BYTES_MAX).map_err(|error| {
            Failure::Configuration(format!("standard input could not be read: {error}"))
        })?
    } else {
        folder::bytes(file, REQUEST_BYTES_MAX)?
    };
    let request = Request::from_wire(&bytes);
    if request.version.is_empty() {
        return Err(Failure::Configuration(format!(
            "{}:1: not an HTTP/1.1 request\n  hint: it begins with a line such as `GET /path HTTP/1.1`",
            file.display()
        )));
    }
    Ok(request)
}

fn json(seen: &Seen<'_>, fired: &[&Traced]) -> Value {
    let request = seen.request;
    let (verdict, asked) = seen.verdict();
    let fired: Vec<Value> = fired.iter().map(|traced| traced_json(traced)).collect();
    json!({
        "method": shown(&request.method), "target": shown(&request.target),
        "verdict": verdict,
        "rule": asked.map(|asked| asked.rule),
        "status": asked.map(|asked| asked.status),
        "fired": fired,
        "not_judged": seen.report.exhausted,
        "whole": seen.whole,
        "plan": seen.planned.map(Planned::json),
    })
}

fn traced_json(traced: &Traced) -> Value {
    let hidden = |bytes: &[u8]| {
        if traced.sanitise {
            String::new()
        } else {
            shown(bytes)
        }
    };
    let values: Vec<Value> = traced
        .values
        .iter()
        .map(|one| json!({"variable": shown(&one.variable), "value": hidden(&one.value)}))
        .collect();
    let [inbound, outbound] = traced.scores;
    json!({
        "rule": traced.rule, "file": traced.file, "line": traced.line, "phase": traced.phase,
        "message": shown(&traced.message), "severity": traced.severity.map(severity),
        "silent": !traced.logged, "matched": values,
        "part": traced.part.as_ref().map(|part| hidden(part)),
        "action": traced.action, "resolved": traced.resolved, "status": traced.status,
        "withheld": traced.withheld, "score": {"inbound": inbound, "outbound": outbound},
    })
}

fn text(seen: &Seen<'_>, fired: &[&Traced]) -> Result<String, std::fmt::Error> {
    let mut text = seen.planned.map_or_else(String::new, Planned::text);
    let line = [&seen.request.method[..], b" ", &seen.request.target].concat();
    writeln!(text, "{}", cut(&shown(&line)))?;
    if fired.is_empty() {
        writeln!(text, "\n  no rule fires")?;
    }
    for traced in fired {
        one(&mut text, traced)?;
    }
    for rule in &seen.report.exhausted {
        writeln!(
            text,
            "\n  {rule} gave no answer: its pattern needs more steps, or it more variables, than it may"
        )?;
    }
    if !seen.whole {
        writeln!(
            text,
            "\n  the rules saw only a part of it: it is beyond a limit of theirs, or not what it says it is"
        )?;
    }
    let (verdict, asked) = seen.verdict();
    write!(text, "\nverdict  {verdict}")?;
    if let Some(asked) = asked {
        let kind = match &asked.kind {
            InterventionKind::Deny => format!("deny with {}", asked.status),
            InterventionKind::Drop => "close the connection".to_owned(),
            InterventionKind::Redirect(to) => format!("send to {}", cut(&shown(to))),
        };
        write!(text, ": rule {} asks to {kind}", asked.rule)?;
        if seen.report.intervention.is_none() {
            write!(text, ", and the engine only detects")?;
        }
    } else if verdict != PASSES && seen.planned.is_some_and(|one| one.mode == Mode::Block) {
        write!(text, ", which the edge refuses")?;
    }
    writeln!(text)?;
    Ok(text)
}

fn one(text: &mut String, traced: &Traced) -> std::fmt::Result {
    let rule = traced.rule;
    writeln!(
        text,
        "\n  phase {}  {rule:<8} {}",
        traced.phase,
        cut(&shown(&traced.message))
    )?;
    let mut field = |name: &str, value: &str| writeln!(text, "           {name:<9}{value}");
    for value in &traced.values {
        let variable = cut(&shown(&value.variable));
        if traced.sanitise {
            field(
                "matched",
                &format!("{variable} (not shown: the rule asks for it)"),
            )?;
        } else {
            field(
                "matched",
                &format!("{variable} = {}", cut(&shown(&value.value))),
            )?;
        }
    }
    if let Some(part) = traced.part.as_ref().filter(|_| !traced.sanitise) {
        field("part", &cut(&shown(part)))?;
    }
    if let Some(number) = traced.severity {
        field("severity", severity(number))?;
    }
    let mut action = traced.action.to_owned();
    if traced.resolved != traced.action {
        write!(action, ", which is `{}` here", traced.resolved)?;
    }
    if let Some(status) = traced.status {
        write!(action, " ({status})")?;
    }
    if traced.withheld {
        action.push_str("; withheld, the engine only detects");
    }
    if !traced.logged {
        action.push_str("; silent");
    }
    field("action", &action)?;
    match traced.scores {
        [None, None] => {}
        [None, Some(outbound)] => field("score", &format!("{outbound} outbound"))?,
        [Some(inbound), None | Some(0)] => field("score", &inbound.to_string())?,
        [Some(inbound), Some(outbound)] => {
            field("score", &format!("{inbound}, {outbound} outbound"))?;
        }
    }
    field("at", &format!("{}:{}", traced.file, traced.line))
}

/// As much of a text as a line holds.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn severity(number: u8) -> &'static str {
    match number {
        0 => "emergency",
        1 => "alert",
        2 => "critical",
        3 => "error",
        4 => "warning",
        5 => "notice",
        6 => "info",
        _ => "debug",
    }
}
