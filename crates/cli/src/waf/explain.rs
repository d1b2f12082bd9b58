//! `vauban waf test`: what the rules say about one request, and why.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use vauban_waf::regression::{Request, Runner};
use vauban_waf::{Intervention, InterventionKind, Mode, Report, Strategy, Traced};

use super::rules::RuleArguments;
use super::{disk, folder, shown};
use crate::outcome::{Failure, Outcome};
use crate::{Format, say};

/// Bytes of a request.
const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Characters of a value on the terminal.
const SHOWN_MAX: usize = 120;

/// Arguments of `vauban waf test`.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// One HTTP/1.1 request as it stands on the wire; `-` is standard input.
    request: PathBuf,
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
    let request = request(&arguments.request)?;
    let rules = arguments.rules.texts(None)?.load()?;
    let mut runner = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed).traced();
    let report = runner.transact(&request, None);
    let fired: Vec<&Traced> = report
        .trace
        .iter()
        .filter(|traced| traced.logged || arguments.all)
        .collect();
    match arguments.format {
        Format::Json => say(&json(&request, &report, &fired).to_string()),
        Format::Text => say(text(&request, &report, &fired)?.trim_end()),
    }
    if report.asks() || !report.exhausted.is_empty() {
        Err(Failure::Findings)
    } else {
        Ok(())
    }
}

fn request(file: &Path) -> Result<Request, Failure> {
    let bytes = if file.as_os_str() == "-" {
        disk::read_from(std::io::stdin(), REQUEST_BYTES_MAX).map_err(|error| {
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

/// What becomes of the request.
fn verdict(report: &Report) -> (&'static str, Option<&Intervention>) {
    match (&report.intervention, &report.withheld) {
        (Some(asked), _) => ("blocked", Some(asked)),
        (None, Some(asked)) => ("would be blocked", Some(asked)),
        (None, None) if !report.exhausted.is_empty() => ("not inspected", None),
        (None, None) => ("passes", None),
    }
}

fn json(request: &Request, report: &Report, fired: &[&Traced]) -> Value {
    let (verdict, asked) = verdict(report);
    let fired: Vec<Value> = fired.iter().map(|traced| traced_json(traced)).collect();
    json!({
        "method": shown(&request.method), "target": shown(&request.target),
        "verdict": verdict,
        "rule": asked.map(|asked| asked.rule),
        "status": asked.map(|asked| asked.status),
        "fired": fired,
        "not_judged": report.exhausted,
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

fn text(request: &Request, report: &Report, fired: &[&Traced]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let line = [&request.method[..], b" ", &request.target].concat();
    writeln!(text, "{}", cut(&shown(&line)))?;
    if fired.is_empty() {
        writeln!(text, "\n  no rule fires")?;
    }
    for traced in fired {
        one(&mut text, traced)?;
    }
    for rule in &report.exhausted {
        writeln!(
            text,
            "\n  {rule} gave no answer: its pattern needs more steps, or it more variables, than it may"
        )?;
    }
    let (verdict, asked) = verdict(report);
    write!(text, "\nverdict  {verdict}")?;
    if let Some(asked) = asked {
        let kind = match &asked.kind {
            InterventionKind::Deny => format!("deny with {}", asked.status),
            InterventionKind::Drop => "close the connection".to_owned(),
            InterventionKind::Redirect(to) => format!("send to {}", cut(&shown(to))),
        };
        write!(text, ": rule {} asks to {kind}", asked.rule)?;
        if report.intervention.is_none() {
            write!(text, ", and the engine only detects")?;
        }
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
