//! Actions of a rule, and what they change.

use super::{AuditMode, EngineMode, IdRange, Target, Template, Variable};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// 1
    RequestHeaders,
    /// 2, `request`
    RequestBody,
    /// 3
    ResponseHeaders,
    /// 4, `response`
    ResponseBody,
    /// 5, `logging`
    Logging,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Id(u64),
    Phase(Phase),
    Msg(Template),
    Tag(Template),
    Ver(Box<str>),
    Rev(Box<str>),
    Maturity(u8),
    Accuracy(u8),
    /// 0 (emergency) to 7 (debug)
    Severity(u8),
    LogData(Template),
    Log,
    NoLog,
    AuditLog,
    NoAuditLog,
    Capture,
    MultiMatch,
    Chain,
    /// `t:none`
    ResetTransformations,
    Transformation(crate::transform::Transformation),
    SetVar(SetVar),
    SetEnv {
        name: Box<str>,
        value: Template,
    },
    SetSid(Template),
    SetUid(Template),
    ExpireVar {
        variable: Variable,
        name: Template,
        seconds: Template,
    },
    InitCol {
        collection: Variable,
        key: Template,
    },
    Skip(u32),
    SkipAfter(Box<str>),
    Ctl(Ctl),
    /// Response status of a disruptive action.
    Status(u16),
    Allow(AllowScope),
    Block,
    Deny,
    Drop,
    Pass,
    Redirect(Template),
    XmlNs {
        prefix: Box<str>,
        uri: Box<str>,
    },
    /// `sanitiseArg`, `sanitiseMatched`, `sanitiseMatchedBytes`, `sanitiseRequestHeader`, `sanitiseResponseHeader`
    Sanitise(Sanitise),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetVar {
    /// `Tx`, `Ip`, `Global`, `Session`, `User`, `Resource`
    pub(crate) collection: Variable,
    /// Without the collection; compared without case.
    pub(crate) name: Template,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Set(Template),
    /// `=+n`
    Add(Template),
    /// `=-n`
    Subtract(Template),
    /// `!tx.name`
    Unset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllowScope {
    /// `allow`: every phase but logging
    Transaction,
    /// `allow:phase`
    Phase,
    /// `allow:request`
    Request,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sanitise {
    Argument(Box<[u8]>),
    Matched,
    MatchedBytes { keep_start: u32, keep_end: u32 },
    RequestHeader(Box<[u8]>),
    ResponseHeader(Box<[u8]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ctl {
    RuleRemoveById(Vec<IdRange>),
    RuleRemoveByTag(Box<str>),
    RuleRemoveByMsg(Box<str>),
    RuleRemoveTargetById {
        ids: Vec<IdRange>,
        target: Target,
    },
    RuleRemoveTargetByTag {
        tag: Box<str>,
        target: Target,
    },
    RuleRemoveTargetByMsg {
        msg: Box<str>,
        target: Target,
    },
    RuleEngine(EngineMode),
    RequestBodyAccess(bool),
    ResponseBodyAccess(bool),
    ForceRequestBodyVariable(bool),
    ForceResponseBodyVariable(bool),
    RequestBodyProcessor(Processor),
    ResponseBodyProcessor(Processor),
    RequestBodyLimit(u64),
    ResponseBodyLimit(u64),
    /// Parsed for what the transaction reports.
    AuditEngine(AuditMode),
    /// `auditLogParts=+E`; our audit line has no parts, kept so that the report can say so.
    AuditLogParts(Box<str>),
    DebugLogLevel(u8),
    HashEngine(bool),
    HashEnforcement(bool),
    ParseXmlIntoArgs(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processor {
    UrlEncoded,
    Multipart,
    Json,
    Xml,
}

impl Processor {
    /// The value of `REQBODY_PROCESSOR`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UrlEncoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }
}
