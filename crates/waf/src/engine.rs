//! The rules, run over one transaction.
//!
//! A transaction is five phases in the order of [`Transaction`]'s methods. Its values are stored once ([`table`]), the filter
//! finds which rules are worth a look for which value ([`filter`]), and the rules run in their order ([`evaluate`], [`operate`],
//! [`act`]).

mod act;
mod body;
mod collections;
mod compile;
mod evaluate;
mod expand;
mod filter;
mod geo;
mod guard;
mod names;
mod operate;
mod program;
mod report;
mod ruleset;
mod scratch;
mod state;
mod table;
mod trace;
mod transaction;

pub use self::collections::Store;
pub use self::program::Left;
pub(crate) use self::report::parts;
pub use self::report::{Finding, Intervention, InterventionKind, Report};
pub use self::ruleset::{Figures, Mode, RuleSet};
pub use self::scratch::Scratch;
pub use self::trace::{Traced, TracedValue};
pub use self::transaction::{Connection, RequestHead, ResponseHead, Transaction};

use crate::seclang::syntax::EngineMode;

/// How values are matched with rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Only the rules that the literals of a value make possible.
    #[default]
    Indexed,
    /// Every rule on every value, each transformed for it alone: slow, and the oracle of the other.
    Exhaustive,
}

/// What rules cannot change.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Store,
    /// The most that `ctl:ruleEngine` may reach.
    pub(crate) mode: EngineMode,
    /// `DURATION`
    pub(crate) elapsed_ms: u64,
}
