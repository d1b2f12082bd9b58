//! *Does it look hostile?* `SecLang` (the rule language of `ModSecurity`) compiled and run.
//!
//! Rules come in as text, a request comes in as bytes, and what comes out is what the rules found: the rules that matched, the
//! part that matched, the score, and the intervention that the rules ask for. The caller decides what to do with it. No file,
//! clock or socket is touched: included files, data files and time are arguments.
//!
//! It refuses to know policies, tokens and sockets. Rejected: a binding to `libmodsecurity` (C++ on hostile input, and 85–95 % of
//! its time is spent beside the matching), and one lazy automaton over all rules (an attacker can make it thrash).
//!
//! Read from the top: [`seclang`] turns text into rules, [`body`] turns bytes into arguments, [`transform`] rewrites a value,
//! [`pattern`] and [`libinjection`] judge it, and `engine` runs the rules of each phase over one table of values.

pub mod body;
mod engine;
mod form;
pub mod libinjection;
mod operator;
pub mod pattern;
pub mod regression;
pub mod replay;
mod seclang;
pub mod transform;
pub mod tune;

pub use self::engine::{
    Connection, Figures, Finding, Intervention, InterventionKind, Left, Mode, Report, RequestHead,
    ResponseHead, RuleSet, Scratch, Store, Strategy, Traced, TracedValue, Transaction,
};
pub use self::seclang::{
    FILE_BYTES_MAX, FILES_MAX, Files, GEO_BYTES_MAX, INCLUDE_DEPTH_MAX, MISTAKES_MAX, RULES_MAX,
    RuleMistake, Source, Summary, TEXT_BYTES_MAX, check,
};

/// The rules of our own: small, precise, and complete in themselves (`rules/baseline.conf`).
pub const BASELINE: &str = include_str!("../rules/baseline.conf");

/// Our default profile, before OWASP CRS: rules that stand in for what [`PROFILE_AFTER`] takes from CRS.
pub const PROFILE_BEFORE: &str = include_str!("../rules/default-profile-before.conf");

/// Our default profile, after OWASP CRS: the exclusions, each with its reason.
pub const PROFILE_AFTER: &str = include_str!("../rules/default-profile-after.conf");
