//! What the text says, after reading and before compiling: one value per directive, in the order of the files.

mod action;
mod setting;
mod variable;

use std::sync::Arc;

pub(crate) use self::action::{
    Action, AllowScope, Change, Ctl, Phase, Processor, Sanitise, SetVar,
};
pub(crate) use self::setting::{AuditMode, EngineMode, LimitAction, Setting};
pub(crate) use self::variable::Variable;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Path as it was given or included.
    pub(crate) file: Arc<str>,
    /// Line of the directive's first character, from 1.
    pub(crate) line: u32,
}

/// A whole rule set: directives of all files, includes already in place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) items: Vec<Item>,
}

/// One directive.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) place: Place,
    pub(crate) directive: Directive,
}

#[derive(Clone, Debug)]
pub(crate) enum Directive {
    /// `SecRule` with the rules chained to it, or `SecAction`.
    Rule(Rule),
    /// `SecMarker`.
    Marker(Box<str>),
    /// `SecDefaultAction`; the phase is one of the actions.
    DefaultActions(Vec<Action>),
    /// `SecRuleRemoveById`, `…ByTag`, `…ByMsg`: concerns rules above it.
    RemoveRules(RuleFilter),
    /// `SecRuleUpdateTargetById`, `…ByTag`, `…ByMsg`.
    UpdateTargets {
        which: RuleFilter,
        targets: Vec<Target>,
    },
    /// `SecRuleUpdateActionById`. `link` is 0 for the head, 1 for the first chained rule (`id:1` in the text).
    UpdateActions {
        id: u64,
        link: usize,
        actions: Vec<Action>,
    },
    /// Everything that sets something once.
    Setting(Setting),
}

/// A head and the rules chained to it; never empty.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) links: Vec<Link>,
}

/// One `SecRule` of a chain. `SecAction` has no condition.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) place: Place,
    pub(crate) condition: Option<Condition>,
    pub(crate) actions: Vec<Action>,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) targets: Vec<Target>,
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
}

/// One of the variables of a rule, `A|!B:c|&D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: TargetKind,
    pub(crate) variable: Variable,
    pub(crate) selector: Option<Selector>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// `ARGS`
    Included,
    /// `!ARGS:x`
    Excluded,
    /// `&ARGS`
    Counted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// `ARGS:name`; compared without case.
    Name(Box<[u8]>),
    /// `ARGS:/regex/`, without its slashes. It compiles (checked by the loader).
    Pattern(Box<str>),
    /// `XML:/*`
    XmlText,
    /// `XML://@*`
    XmlAttributes,
}

/// Text with `%{…}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Box<[u8]>),
    /// `%{VARIABLE}` or `%{VARIABLE.name}`
    Macro(Variable, Option<Box<[u8]>>),
}

impl Template {
    /// The text, when nothing in it is a macro.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Operator {
    /// `@rx`, and a bare pattern. A constant pattern compiles (checked by the loader).
    Rx(Template),
    /// `@rxGlobal`
    RxGlobal(Template),
    /// `@pm`, `@pmFromFile`, `@pmf`: words without case; from files, comments and blank lines removed.
    Pm(Arc<[Box<[u8]>]>),
    BeginsWith(Template),
    Contains(Template),
    ContainsWord(Template),
    EndsWith(Template),
    Streq(Template),
    Strmatch(Template),
    Within(Template),
    Eq(Template),
    Ge(Template),
    Gt(Template),
    Le(Template),
    Lt(Template),
    /// `@ipMatch`, `@ipMatchFromFile`, `@ipMatchF`
    IpMatch(Arc<[Network]>),
    DetectSqli,
    DetectXss,
    ValidateByteRange(Box<ByteRanges>),
    ValidateUrlEncoding,
    ValidateUtf8Encoding,
    /// `@verifyCC` with its pattern
    VerifyCc(Box<str>),
    /// `@verifyCPF`
    VerifyCpf(Box<str>),
    /// `@verifySSN`
    VerifySsn(Box<str>),
    /// `@geoLookup`; needs `SecGeoLookupDB`
    GeoLookup,
    /// `@rbl`: the name is looked up by the caller; without a resolver it never matches
    Rbl(Box<str>),
    UnconditionalMatch,
    NoMatch,
}

/// An address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) address: std::net::IpAddr,
    pub(crate) prefix: u8,
}

/// The bytes that `@validateByteRange` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRanges(pub(crate) [bool; 256]);

/// First and last id, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IdRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RuleFilter {
    Ids(Vec<IdRange>),
    /// A pattern over the tags.
    Tag(Box<str>),
    /// A pattern over the message.
    Msg(Box<str>),
}
