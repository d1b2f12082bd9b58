//! `vauban explain ID`: what each line decided, on what fact, and what else would have stopped it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use vauban_audit::{Event, Outcome as Ended, Verdict};
use vauban_secret::StateDir;

use crate::outcome::{Failure, Outcome};
use crate::say;

/// Prints the explanation; an id that no line knows is exit 1.
pub(crate) fn explain(decision: &str, state: &Path) -> Outcome {
    let state = StateDir::attach(state)?;
    if let Some(text) = report(decision, &state)? {
        say(text.trim_end());
        return Ok(());
    }
    say(&format!(
        "no line has recorded a decision `{decision}`; the id stands in the header `vauban-decision` of every answer"
    ));
    Err(Failure::Findings)
}

/// The explanation as text, or `None` when no line knows the id.
pub(crate) fn report(decision: &str, state: &StateDir) -> anyhow::Result<Option<String>> {
    let events = vauban_audit::find(&state.audit(), decision)?;
    if events.is_empty() {
        return Ok(None);
    }
    let drill = last_drill(state)?;
    let mut text = format!("decision {decision}\n");
    for event in &events {
        line(&mut text, event)?;
        for control in &event.controls {
            writeln!(
                text,
                "    {:<8} {:<24} {}",
                verdict(control.verdict),
                control.name,
                control.fact
            )?;
        }
        if event.outcome == Ended::Refused
            && let Some(control) = refused_by(event)
        {
            writeln!(text, "    {}", later(drill.as_ref(), control))?;
        }
    }
    if !events.iter().any(|event| {
        event
            .controls
            .iter()
            .any(|control| control.name == vauban_audit::control::DATA_RLS)
    }) {
        writeln!(
            text,
            "  data       absent: the store has no row-level security (SQLite), or the request did not reach it"
        )?;
    }
    Ok(Some(text))
}

fn line(text: &mut String, event: &Event) -> std::fmt::Result {
    let code = event.denial.as_deref().unwrap_or("");
    writeln!(
        text,
        "  {:<10} {} {} → {} {} {}",
        event.line,
        event.method,
        if event.operation.is_empty() {
            &event.route
        } else {
            &event.operation
        },
        event.status,
        outcome(event.outcome),
        code
    )
}

fn refused_by(event: &Event) -> Option<&str> {
    event
        .controls
        .iter()
        .find(|control| control.verdict == Verdict::Refused)
        .map(|control| &*control.name)
}

/// The last drill's result, if there is one.
fn last_drill(state: &StateDir) -> anyhow::Result<Option<Value>> {
    let file = state.drill_last();
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let value = serde_json::from_slice(&text).with_context(|| {
        format!(
            "`{}` is not a drill's result; run `vauban drill` again",
            file.display()
        )
    })?;
    Ok(Some(value))
}

/// Which later control stopped the attacks that this one stops, when this one was down.
fn later(drill: Option<&Value>, control: &str) -> String {
    let Some(drill) = drill else {
        return format!("if {control} were down: not drilled (run `vauban drill --state …`)");
    };
    let backups = drill.pointer("/backups").and_then(|all| all.get(control));
    let Some(backups) = backups.and_then(Value::as_object) else {
        return format!("if {control} were down: not drilled (the last drill had no such column)");
    };
    let words: Vec<String> = backups
        .iter()
        .map(|(attack, stop)| match stop.as_str() {
            Some(stop) => format!("{attack} is still stopped by {stop}"),
            None => format!("{attack} gets THROUGH"),
        })
        .collect();
    if words.is_empty() {
        format!("if {control} were down: no drilled attack needs it")
    } else {
        format!("if {control} were down (last drill): {}", words.join("; "))
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Refused => "refused",
        Verdict::Skipped => "skipped",
        Verdict::Failed => "failed",
    }
}

fn outcome(outcome: Ended) -> &'static str {
    match outcome {
        Ended::Allowed => "allowed",
        Ended::Refused => "refused",
        Ended::Failed => "failed",
    }
}
