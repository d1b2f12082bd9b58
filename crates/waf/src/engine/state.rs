//! What a transaction remembers while it lives.

use super::collections::Tx;
use super::filter::{Filter, Findings};
use super::program::{Program, RuleId};
use super::report::Report;
use super::sanitise::Secret;
use super::table::Table;
use super::trace::Traced;
use crate::seclang::syntax::{AllowScope, EngineMode, Processor, Variable};

/// Everything that changes while rules run. Kept by [`super::Scratch`] for the next transaction.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) table: Table,
    pub(crate) tx: Tx,
    /// Of the request phases and of the response phases.
    pub(crate) found: [Findings; 2],
    pub(crate) matched: Matched,
    /// Heads that `ctl` removed; empty while none is.
    pub(crate) removed: Vec<bool>,
    /// Where in the program the exclusions are that `ctl` added: rule, link, action.
    pub(crate) hidden: Vec<Hidden>,
    /// Records of collections that `initcol` chose.
    pub(crate) records: Vec<(Variable, Vec<u8>)>,
    pub(crate) geo: Vec<(&'static str, Vec<u8>)>,
    pub(crate) environment: Vec<(Box<str>, Vec<u8>)>,
    /// What `sanitiseMatched` withholds.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) report: Report,
    /// Every match, when somebody asked for it.
    pub(crate) trace: Option<Vec<Traced>>,
    pub(crate) flow: Flow,
}

/// Steps that patterns with look-around, references or possessive parts may take in one transaction, all together: about a tenth
/// of a second. Behind that they give no answer, which the report says.
const PATTERN_STEPS_MAX: usize = 10_000_000;

/// An exclusion in force: the address of the `ctl` action that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) rule: RuleId,
    pub(crate) link: u16,
    pub(crate) action: u16,
}

/// Where the evaluation stands.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is switched by a `ctl` of its own"
)]
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) mode: EngineMode,
    /// Marker that ends a `skipAfter`.
    pub(crate) skip_to: Option<u32>,
    /// Rules still to be skipped by `skip`.
    pub(crate) skip_next: u32,
    pub(crate) allowed: Option<AllowScope>,
    /// The transaction is over: an intervention was asked for in an earlier step.
    pub(crate) stopped: bool,
    pub(crate) processor: Option<Processor>,
    pub(crate) request_body_access: bool,
    pub(crate) response_body_access: bool,
    pub(crate) force_request_body: bool,
    pub(crate) request_body_bytes_max: u64,
    pub(crate) response_body_bytes_max: u64,
    pub(crate) arguments: u32,
    /// Why some values of the request have no rows: a limit was reached, and no rule sees them.
    pub(crate) left_out: Option<&'static str>,
    /// Sum of the lengths of uploaded files: `FILES_COMBINED_SIZE`.
    pub(crate) file_bytes: u64,
    /// Least severity number of any rule that matched.
    pub(crate) highest_severity: Option<u8>,
    /// Steps that patterns which are no regular languages may still take.
    pub(crate) pattern_steps: usize,
    /// Seconds since the epoch, at the beginning.
    pub(crate) now: u64,
    /// Whose records in the persistent collections it makes.
    pub(crate) owner: u64,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            mode: EngineMode::Off,
            skip_to: None,
            skip_next: 0,
            allowed: None,
            stopped: false,
            processor: None,
            request_body_access: false,
            response_body_access: false,
            force_request_body: false,
            request_body_bytes_max: 0,
            response_body_bytes_max: 0,
            arguments: 0,
            left_out: None,
            file_bytes: 0,
            highest_severity: None,
            pattern_steps: PATTERN_STEPS_MAX,
            now: 0,
            owner: 0,
        }
    }
}

impl State {
    pub(crate) fn reset(
        &mut self,
        program: &Program,
        filters: &[Filter; 2],
        now: u64,
        mode: EngineMode,
    ) {
        self.table.clear();
        self.tx.reset(program.names.len());
        for (found, filter) in self.found.iter_mut().zip(filters) {
            found.reset(filter);
        }
        self.matched.clear();
        self.removed.clear();
        self.hidden.clear();
        self.records.clear();
        self.geo.clear();
        self.environment.clear();
        self.secrets.clear();
        self.report = Report::default();
        self.trace = None;
        self.flow = Flow {
            mode,
            request_body_access: program.settings.request_body_access,
            response_body_access: program.settings.response_body_access,
            request_body_bytes_max: program.settings.request_body_bytes_max,
            response_body_bytes_max: program.settings.response_body_bytes_max,
            now,
            ..Flow::default()
        };
        for variable in &program.singles {
            self.table.set(*variable, b"");
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        size_of::<Self>()
            + self.table.capacity()
            + self.found.iter().map(Findings::capacity).sum::<usize>()
            + self.matched.bytes.capacity()
    }
}

/// The values that matched since the head of the current chain began.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    bytes: Vec<u8>,
    entries: Vec<(Variable, usize, usize, usize)>,
}

impl Matched {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    pub(crate) fn push(&mut self, variable: Variable, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries
            .push((variable, start, middle, self.bytes.len()));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Variable, selector and value.
    pub(crate) fn entry(&self, index: usize) -> Option<(Variable, &[u8], &[u8])> {
        let (variable, start, middle, end) = *self.entries.get(index)?;
        Some((
            variable,
            self.bytes.get(start..middle)?,
            self.bytes.get(middle..end)?,
        ))
    }

    pub(crate) fn last(&self) -> Option<(Variable, &[u8], &[u8])> {
        self.entry(self.entries.len().checked_sub(1)?)
    }
}
