//! Plays every attack in every configuration.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;
use vauban_attack::{Attempt, Needs, Outcome, TEMPLATES, Target, Twin, TwinOutcome, Witness};
use vauban_audit::{Verdict as Said, control};
use vauban_net::{Clock, SystemClock};

use crate::fault::{Column, Extent, Kind};
use crate::result::{Cell, Matrix, Measured, Try, Verdict};
use crate::scene;
use crate::stack::Stack;
use crate::template::Template;

/// Configurations that are played at the same time.
const WORKERS: usize = 2;

/// Chooses who looks; the tests look away.
pub(crate) type Look = for<'s> fn(&'s Stack) -> &'s dyn Witness;

/// The shipped look: at the bank's database and at what its services receive.
pub(crate) fn bank_witness(stack: &Stack) -> &dyn Witness {
    &stack.witness
}

type Row = &'static vauban_attack::Template;

/// Measures the whole matrix.
pub(crate) fn measure(template: &Template, extent: Extent, look: Look, runtime: &Handle) -> Matrix {
    let columns = extent.columns();
    let rows: Vec<Row> = TEMPLATES
        .iter()
        .filter(|row| extent.has_row(row.id))
        .collect();
    let next = AtomicUsize::new(0);
    let measured: Mutex<BTreeMap<usize, Measured>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(column) = columns.get(number) else {
                        return;
                    };
                    let one = configuration(template, column, number, &rows, look, runtime);
                    measured
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(number, one);
                }
            });
        }
    });
    let measured = measured
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    Matrix {
        rows,
        measured: measured.into_values().collect(),
    }
}

/// Starts one configuration, plays in it and takes it down. What does not start leaves cells of which nothing is known.
fn configuration(
    template: &Template,
    column: &Column,
    number: usize,
    rows: &[Row],
    look: Look,
    runtime: &Handle,
) -> Measured {
    let began_ms = SystemClock.monotonic_ms();
    let mut measured = Measured {
        column: column.clone(),
        cells: BTreeMap::new(),
        twins: BTreeMap::new(),
        milliseconds: 0,
    };
    let played = runtime
        .block_on(Stack::start(template, &column.down, number))
        .and_then(|stack| {
            let played = scene::set(template, &stack, column)
                .map(|target| play(&stack, &target, rows, look, runtime, &mut measured));
            runtime.block_on(stack.stop()).and(played)
        });
    if let Err(error) = played {
        let why = format!("{error:#}");
        measured.cells = rows
            .iter()
            .map(|row| (row.id, Cell::unknown(&*why)))
            .collect();
    }
    measured.milliseconds = SystemClock.monotonic_ms().saturating_sub(began_ms);
    measured
}

fn play(
    stack: &Stack,
    target: &Target,
    rows: &[Row],
    look: Look,
    runtime: &Handle,
    measured: &mut Measured,
) {
    for twin in Twin::ALL
        .iter()
        .filter(|twin| rows.iter().any(|row| row.twin == **twin))
    {
        scene::rest(stack);
        let why = match twin.run(target, look(stack)) {
            TwinOutcome::Succeeded => None,
            TwinOutcome::Failed { why } => Some(why),
        };
        measured.twins.insert(twin.name(), why);
    }
    for row in rows {
        let mut cell = attack(stack, target, row, look, runtime);
        // One success may be luck; luck is not a finding.
        if measured.column.kind == Kind::KnockOut && cell.is_through() {
            let again = attack(stack, target, row, look, runtime);
            if again.is_through() {
                cell.runs += 1;
            } else {
                cell = Cell::unknown("it got through once and was stopped once");
            }
        }
        let twin = measured.twins.get(row.twin.name()).and_then(Option::as_ref);
        if let (Verdict::Stopped, Some(_)) = (&cell.verdict, twin) {
            cell = Cell::unknown(format!(
                "stopped, but its twin `{}` failed as well",
                row.twin.name()
            ));
        }
        measured.cells.insert(row.id, cell);
    }
}

fn attack(stack: &Stack, target: &Target, row: Row, look: Look, runtime: &Handle) -> Cell {
    if !row.applies(target) {
        return Cell::not_applicable();
    }
    scene::rest(stack);
    let report = if row.needs == Needs::InternalToken {
        let token = match scene::internal_token(stack, &target.victim, runtime) {
            Ok(token) => token,
            Err(error) => return Cell::unknown(format!("{error:#}")),
        };
        let mut armed = target.clone();
        armed.sibling.internal_token = Some(token);
        row.run(&armed, look(stack))
    } else {
        row.run(target, look(stack))
    };
    let attempts: Vec<Try> = report
        .attempts
        .iter()
        .map(|attempt| tried(stack, attempt))
        .collect();
    let (verdict, because) = judge(&report.outcome);
    let control = match verdict {
        Verdict::Stopped => attempts.first().and_then(|attempt| attempt.control.clone()),
        Verdict::Through | Verdict::NotApplicable | Verdict::Inconclusive => None,
    };
    Cell {
        verdict,
        control,
        because,
        runs: 1,
        attempts,
    }
}

fn judge(outcome: &Outcome) -> (Verdict, Option<String>) {
    match outcome {
        Outcome::Through { evidence } => (Verdict::Through, Some(evidence.clone())),
        Outcome::Stopped { .. } => (Verdict::Stopped, None),
        Outcome::Inconclusive { why } => (Verdict::Inconclusive, Some(why.clone())),
    }
}

fn tried(stack: &Stack, attempt: &Attempt) -> Try {
    let (verdict, because) = judge(&attempt.outcome);
    let (status, code, decision) = match &attempt.outcome {
        Outcome::Stopped {
            status,
            code,
            decision,
        } => (Some(*status), code.clone(), decision.as_deref()),
        Outcome::Through { .. } | Outcome::Inconclusive { .. } => (None, None, None),
    };
    let recorded = decision.and_then(|decision| stopped_by(stack, decision));
    let control = recorded.or_else(|| code.as_deref().and_then(by_code).map(str::to_owned));
    Try {
        variant: attempt.variant.clone(),
        verdict,
        control,
        status,
        code,
        because,
    }
}

/// The control that refused, from the audit. The innermost line that refused is the one that did; those before it only pass
/// its refusal on.
fn stopped_by(stack: &Stack, decision: &str) -> Option<String> {
    let events = vauban_audit::find(&stack.state.audit(), decision).ok()?;
    let controls = events.into_iter().flat_map(|event| event.controls);
    let no = controls.filter(|control| matches!(control.verdict, Said::Refused | Said::Failed));
    no.last().map(|control| control.name)
}

/// The control behind a code, where no line has recorded the decision.
fn by_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "budget.ip" => control::EDGE_BUDGET_IP,
        "budget.user" => control::EDGE_BUDGET_USER,
        "budget.endpoint" => control::GUARD_BUDGET,
        "token.missing" | "token.invalid" | "token.expired" => control::EDGE_TOKEN,
        "role.missing" => control::EDGE_ROLES,
        "permission.missing" => control::EDGE_PERMISSIONS,
        "contract.violated" | "contract.media_type" => control::EDGE_CONTRACT,
        "exchange.refused" => control::AUTHORITY_REGISTRY,
        "peer.undeclared" => control::GUARD_PEER,
        "internal_token.missing" | "internal_token.invalid" => control::GUARD_TOKEN,
        "session.ended" | "session.mismatch" => control::GUARD_SESSION,
        "object.foreign_hidden" | "object.foreign" | "object.undeclared" | "decision.error" => {
            control::GUARD_OWNERSHIP
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
