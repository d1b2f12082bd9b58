//! Plays every attack in every configuration.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;
use vauban_attack::{
    Attempt, Needs, Outcome, Report, TEMPLATES, Target, Twin, TwinOutcome, Witness,
};
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

/// What every configuration is played with.
pub(crate) struct Player<'a> {
    /// Where each one starts from.
    pub(crate) template: &'a Template,
    /// Which part of the matrix is played.
    pub(crate) extent: Extent,
    /// Who looks.
    pub(crate) look: Look,
    /// Where the lines run.
    pub(crate) runtime: &'a Handle,
    /// Once set, no configuration is begun and those being played are left.
    pub(crate) stop: &'a AtomicBool,
}

impl Player<'_> {
    /// Measures the whole matrix; less of it when it is told to stop.
    pub(crate) fn measure(&self) -> Matrix {
        let columns = self.extent.columns();
        let rows: Vec<Row> = TEMPLATES
            .iter()
            .filter(|row| self.extent.has_row(row.id))
            .collect();
        let next = AtomicUsize::new(0);
        let measured: Mutex<BTreeMap<usize, Measured>> = Mutex::default();
        let work = || {
            while !self.stopped() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(column) = columns.get(number) else {
                    return;
                };
                let one = self.configuration(column, number, &rows);
                measured
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(number, one);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(work);
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

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Starts one configuration, plays in it and takes it down. What does not start leaves cells of which nothing is known.
    fn configuration(&self, column: &Column, number: usize, rows: &[Row]) -> Measured {
        let began_ms = SystemClock.monotonic_ms();
        let mut measured = Measured {
            column: column.clone(),
            cells: BTreeMap::new(),
            twins: BTreeMap::new(),
            milliseconds: 0,
        };
        let started = self
            .runtime
            .block_on(Stack::start(self.template, &column.down, number));
        let played = started.and_then(|stack| {
            let played = scene::set(self.template, &stack, column)
                .map(|target| self.play(&stack, &target, rows, &mut measured));
            self.runtime.block_on(stack.stop()).and(played)
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

    fn play(&self, stack: &Stack, target: &Target, rows: &[Row], measured: &mut Measured) {
        for twin in Twin::ALL
            .iter()
            .filter(|twin| rows.iter().any(|row| row.twin == **twin))
        {
            scene::rest(stack);
            let why = match twin.run(target, (self.look)(stack)) {
                TwinOutcome::Succeeded => None,
                TwinOutcome::Failed { why } => Some(why),
            };
            measured.twins.insert(twin.name(), why);
        }
        for row in rows {
            if self.stopped() {
                return;
            }
            let mut cell = self.attack(stack, target, row);
            // One success may be luck; luck is not a finding.
            if measured.column.kind == Kind::KnockOut && cell.is_through() {
                if self.attack(stack, target, row).is_through() {
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

    fn attack(&self, stack: &Stack, target: &Target, row: Row) -> Cell {
        if !row.applies(target) {
            return Cell::not_applicable();
        }
        scene::rest(stack);
        let witness = (self.look)(stack);
        let report = if row.needs == Needs::InternalToken {
            let token = match scene::internal_token(stack, &target.victim, self.runtime) {
                Ok(token) => token,
                Err(error) => return Cell::unknown(format!("{error:#}")),
            };
            let mut armed = target.clone();
            armed.sibling.internal_token = Some(token);
            row.run(&armed, witness)
        } else {
            row.run(target, witness)
        };
        measured_cell(stack, &report)
    }
}

fn measured_cell(stack: &Stack, report: &Report) -> Cell {
    let attempts: Vec<Try> = report
        .attempts
        .iter()
        .map(|attempt| tried(stack, attempt))
        .collect();
    let (verdict, because) = judge(&report.outcome);
    let control = match verdict {
        Verdict::Stopped => innermost(&attempts),
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

/// The control that the most successful attempt came to: the one that was needed.
fn innermost(attempts: &[Try]) -> Option<String> {
    let depth = |control: &&String| control::ALL.iter().position(|name| name == *control);
    let controls = attempts
        .iter()
        .filter_map(|attempt| attempt.control.as_ref());
    // The first of the deepest, so that the order of attempts decides nothing else.
    controls.rev().max_by_key(depth).cloned()
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
    let mut no = controls.filter(|control| matches!(control.verdict, Said::Refused | Said::Failed));
    no.next_back().map(|control| control.name.into_owned())
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
        "waf.refused" => control::EDGE_INSPECT,
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
