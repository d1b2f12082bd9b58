//! A rule set as it is run: everything looked up, numbered and compiled that can be before the first request.

use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::geo::Geo;
use super::guard::Guard;
use super::names::{NameId, Names};
use super::table::Kind;
use crate::pattern::Pattern;
use crate::seclang::syntax::{
    AllowScope, ByteRanges, Change as SyntaxChange, Ctl, EngineMode, LimitAction, Network, Place,
    Variable,
};
use crate::transform::{ByteSet, Transformation, UnicodeMap};

/// Index of a head in [`Program::rules`].
pub(crate) type RuleId = u32;
/// Index of a list of transformations in [`Program::chains`]; 0 is the empty one.
pub(crate) type ChainId = u16;

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) rules: Vec<Rule>,
    /// Per phase, in the order of the files.
    pub(crate) phases: [Vec<Step>; 5],
    pub(crate) names: Names,
    pub(crate) chains: Vec<Chain>,
    pub(crate) settings: Settings,
    /// What `block` does, per phase.
    pub(crate) defaults: [Defaults; 5],
    /// Variables with one value that some rule reads, so that they have a row from the beginning.
    pub(crate) singles: Vec<Variable>,
    /// For `@geoLookup`; without one it never matches.
    pub(crate) geo: Option<Geo>,
    /// What was read and checked and is not this engine's to do.
    pub(crate) left: Vec<Left>,
    /// Some rule reads the request as one text.
    pub(crate) uses_full_request: bool,
    /// Some rule looks into uploaded files.
    pub(crate) uses_files: bool,
    pub(crate) sizes: Sizes,
}

/// Something that the rules ask for and that this engine does not do: it is its caller's, or nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Path as it was given or included, of the first place.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The words of the rule file.
    pub what: String,
    /// Why nothing follows from it.
    pub why: &'static str,
    /// In how many places it stands.
    pub times: u32,
}

impl std::fmt::Display for Left {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            file,
            line,
            what,
            why,
            times,
        } = self;
        write!(formatter, "{file}:{line}: `{what}` has no effect: {why}")?;
        match times {
            0 | 1 => Ok(()),
            _ => write!(formatter, " ({times} times)"),
        }
    }
}

/// Counts for reports.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) rules: usize,
    pub(crate) patterns: usize,
    pub(crate) words: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Rule(RuleId, Guard),
    /// Number of a `SecMarker`'s name.
    Marker(u32),
}

/// A head with the rules chained to it.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) phase: usize,
    pub(crate) place: Place,
    pub(crate) links: Vec<Link>,
    pub(crate) tags: Vec<Template>,
    pub(crate) severity: Option<u8>,
    pub(crate) ver: Option<Box<str>>,
    pub(crate) rev: Option<Box<str>>,
    /// Whether a match is reported.
    pub(crate) logged: bool,
    pub(crate) disruptive: Disruptive,
    /// Of the disruptive action, when the rule names one.
    pub(crate) status: Option<u16>,
}

#[derive(Clone, Debug)]
pub(crate) enum Disruptive {
    /// Nothing was said, or `pass`.
    Pass,
    /// As the phase's `SecDefaultAction` says.
    Block,
    Deny,
    Drop,
    Redirect(Template),
    Allow(AllowScope),
}

/// What `SecDefaultAction` says for a phase.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) disruptive: Disruptive,
    pub(crate) status: Option<u16>,
    pub(crate) logged: bool,
    pub(crate) tags: Vec<Template>,
    pub(crate) transformations: Vec<Transformation>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            disruptive: Disruptive::Pass,
            status: None,
            logged: true,
            tags: Vec::new(),
            transformations: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) condition: Option<Condition>,
    /// Run for each value that matches.
    pub(crate) set: Vec<SetVar>,
    /// Run once, after the whole chain matched.
    pub(crate) after: Vec<After>,
    pub(crate) msg: Option<Template>,
    pub(crate) logdata: Option<Template>,
    pub(crate) capture: bool,
    pub(crate) sanitise: bool,
}

#[expect(
    clippy::enum_variant_names,
    reason = "the names are those of the actions"
)]
#[derive(Debug)]
pub(crate) enum After {
    Ctl(CompiledCtl),
    SetEnv {
        name: Box<str>,
        value: Template,
    },
    SetSid(Template),
    SetUid(Template),
    ExpireVar {
        collection: Variable,
        name: Template,
        seconds: Template,
    },
    InitCol {
        collection: Variable,
        key: Template,
    },
    Skip(u32),
    /// Number of the marker.
    SkipAfter(u32),
}

#[derive(Debug)]
pub(crate) enum CompiledCtl {
    /// Heads that no longer run.
    RemoveRules(Vec<RuleId>),
    /// Heads for which the values of the target do not exist.
    RemoveTargets {
        rules: Vec<RuleId>,
        target: Exclusion,
    },
    Other(Ctl),
}

#[derive(Debug)]
pub(crate) struct SetVar {
    pub(crate) collection: Variable,
    pub(crate) name: Name,
    pub(crate) change: Change,
}

#[derive(Debug)]
pub(crate) enum Name {
    Known(NameId),
    Made(Template),
}

#[derive(Debug)]
pub(crate) enum Change {
    Constant(super::collections::Text),
    Set(Template),
    /// Sign and amount.
    Add(i64, Template),
    Unset,
}

impl Change {
    pub(crate) fn of(change: &SyntaxChange, names: &mut Names) -> Self {
        match change {
            SyntaxChange::Set(template) => match template.constant() {
                Some(constant) => Self::Constant(super::collections::Text::constant(constant)),
                None => Self::Set(Template::of(template, names)),
            },
            SyntaxChange::Add(template) => Self::Add(1, Template::of(template, names)),
            SyntaxChange::Subtract(template) => Self::Add(-1, Template::of(template, names)),
            SyntaxChange::Unset => Self::Unset,
        }
    }
}

/// Text with macros in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(Box<[u8]>),
    Tx(NameId),
    Value(Variable, Option<Box<[u8]>>),
}

impl Template {
    pub(crate) fn of(template: &crate::seclang::syntax::Template, names: &mut Names) -> Self {
        use crate::seclang::syntax::Part as Source;
        let parts = template
            .parts
            .iter()
            .map(|part| match part {
                Source::Text(text) => Part::Text(text.clone()),
                Source::Macro(Variable::Tx, Some(name)) => Part::Tx(names.intern(name)),
                Source::Macro(variable, name) => Part::Value(*variable, name.clone()),
            })
            .collect();
        Self { parts }
    }

    /// The text, when nothing in it is a macro.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) targets: Vec<Target>,
    pub(crate) exclusions: Vec<Exclusion>,
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
    pub(crate) chain: ChainId,
    pub(crate) multi_match: bool,
    /// Number in the filter of the phase, when it decides which values are worth a look.
    pub(crate) slot: Option<u16>,
}

#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) counted: bool,
    pub(crate) variable: Variable,
    pub(crate) source: Source,
    pub(crate) selector: Option<Selector>,
}

/// Where the values of a target come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Rows of these kinds; for a variable with one value, its one row.
    Rows(Vec<Kind>),
    /// One `TX` variable of known name.
    TxSlot(NameId),
    /// `TX` as a whole.
    Tx,
    /// `TX` by pattern: the names of the rules that it matches; names that are made are matched when they are.
    TxPattern(Vec<NameId>),
    /// A collection that outlives the transaction.
    Stored,
    /// `MATCHED_VAR` and its like, `RULE`, `TIME…`, `GEO`, `ENV`, sizes: made when asked.
    Made,
}

#[derive(Debug)]
pub(crate) enum Selector {
    /// Compared without case.
    Name(Box<[u8]>),
    Pattern(Box<Pattern>),
}

/// `!VARIABLE:selector`
#[derive(Debug)]
pub(crate) struct Exclusion {
    pub(crate) variable: Variable,
    pub(crate) selector: Option<Selector>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    BeginsWith,
    Contains,
    ContainsWord,
    EndsWith,
    Equals,
    Strmatch,
    Within,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberTest {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

impl NumberTest {
    pub(crate) fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ge => left >= right,
            Self::Gt => left > right,
            Self::Le => left <= right,
            Self::Lt => left < right,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Operator {
    Rx(Box<Pattern>),
    /// Compiled when the macros are known.
    RxMade(Template),
    RxGlobal(Box<Pattern>),
    Words(Box<Words>),
    Text(TextTest, Template),
    Number(NumberTest, Template),
    /// The parameter is a constant.
    NumberConstant(NumberTest, i64),
    IpMatch(Arc<[Network]>),
    DetectSqli,
    DetectXss,
    ByteRange(Box<ByteRanges>),
    UrlEncoding,
    Utf8Encoding,
    VerifyCc(Box<Pattern>),
    VerifyCpf(Box<Pattern>),
    VerifySsn(Box<Pattern>),
    GeoLookup,
    Always,
    Never,
}

/// The words of `@pm`.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) automaton: AhoCorasick,
    pub(crate) words: Arc<[Box<[u8]>]>,
}

/// A list of transformations.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) steps: Vec<Transformation>,
    /// The list without its last step.
    pub(crate) parent: ChainId,
    /// A value without any of these bytes is left as it is. `None`: any value may change.
    pub(crate) triggers: Option<ByteSet>,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: EngineMode,
    pub(crate) request_body_access: bool,
    pub(crate) request_body_bytes_max: u64,
    pub(crate) request_body_no_files_bytes_max: Option<u64>,
    pub(crate) request_body_limit_action: LimitAction,
    pub(crate) json_depth_max: u32,
    pub(crate) arguments_max: u32,
    pub(crate) files_max: u32,
    pub(crate) response_body_access: bool,
    pub(crate) response_body_mime_types: Vec<Box<str>>,
    pub(crate) response_body_bytes_max: u64,
    pub(crate) response_body_limit_action: LimitAction,
    pub(crate) argument_separator: u8,
    pub(crate) collection_timeout_seconds: u64,
    pub(crate) unicode: Arc<UnicodeMap>,
    pub(crate) webapp_id: Box<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: EngineMode::Off,
            request_body_access: false,
            request_body_bytes_max: 128 * 1024 * 1024,
            request_body_no_files_bytes_max: None,
            request_body_limit_action: LimitAction::Reject,
            json_depth_max: 512,
            arguments_max: 1000,
            files_max: 100,
            response_body_access: false,
            response_body_mime_types: vec![Box::from("text/plain"), Box::from("text/html")],
            response_body_bytes_max: 512 * 1024,
            response_body_limit_action: LimitAction::ProcessPartial,
            argument_separator: b'&',
            collection_timeout_seconds: 3600,
            unicode: Arc::new(UnicodeMap::default()),
            webapp_id: Box::from("default"),
        }
    }
}
