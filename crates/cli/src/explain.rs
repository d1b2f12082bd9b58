//! `vauban explain ID`: what each line decided, on what fact, and what else would have stopped it.

use std::fmt::Write as _;
use std::path::Path;

use vauban_audit::{Control, Event, Finding, Outcome as Ended, Verdict};
use vauban_secret::StateDir;

use crate::outcome::{Failure, Outcome};
use crate::say;

mod drilled;

use drilled::Drilled;

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
    let drilled = Drilled::read(&state.drill_last());
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
            findings(&mut text, control)?;
        }
        if event.outcome == Ended::Refused
            && let Some(control) = refused_by(event)
        {
            for line in drilled.without(control) {
                writeln!(text, "    {line}")?;
            }
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

/// What rules found, a line each.
fn findings(text: &mut String, control: &Control) -> std::fmt::Result {
    for Finding {
        rule,
        variable,
        value,
        message,
    } in &control.findings
    {
        let part = if variable.is_empty() { "-" } else { variable };
        let value = value
            .as_ref()
            .map_or("(withheld)".to_owned(), |value| format!("`{value}`"));
        let message = message.as_deref().unwrap_or("");
        let line = format!("{:<13}{rule:<8} {part} {value} {message}", "");
        writeln!(text, "{}", line.trim_end())?;
    }
    if control.more > 0 {
        writeln!(text, "{:<13}and {} more", "", control.more)?;
    }
    Ok(())
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
