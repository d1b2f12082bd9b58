//! What the text says, after reading and before compiling: one value per directive, in the order of the files.

use std::sync::Arc;

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

/// Every variable of the inventory; the name in the text is the variant's in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Variable {
    Args,
    ArgsCombinedSize,
    ArgsGet,
    ArgsGetNames,
    ArgsNames,
    ArgsPost,
    ArgsPostNames,
    AuthType,
    Duration,
    Env,
    Files,
    FilesCombinedSize,
    FilesNames,
    FilesSizes,
    FilesTmpContent,
    FilesTmpNames,
    FullRequest,
    FullRequestLength,
    Geo,
    Global,
    HighestSeverity,
    InboundDataError,
    Ip,
    MatchedVar,
    MatchedVarName,
    MatchedVars,
    MatchedVarsNames,
    ModsecBuild,
    MscPcreLimitsExceeded,
    MultipartBoundaryQuoted,
    MultipartBoundaryWhitespace,
    MultipartCrlfLfLines,
    MultipartDataAfter,
    MultipartDataBefore,
    MultipartFileLimitExceeded,
    MultipartFilename,
    MultipartHeaderFolding,
    MultipartInvalidHeaderFolding,
    MultipartInvalidPart,
    MultipartInvalidQuoting,
    MultipartLfLine,
    MultipartMissingSemicolon,
    MultipartName,
    MultipartPartHeaders,
    MultipartStrictError,
    MultipartUnmatchedBoundary,
    OutboundDataError,
    PathInfo,
    QueryString,
    RemoteAddr,
    RemoteHost,
    RemotePort,
    RemoteUser,
    ReqbodyError,
    ReqbodyErrorMsg,
    ReqbodyProcessor,
    ReqbodyProcessorError,
    ReqbodyProcessorErrorMsg,
    RequestBasename,
    RequestBody,
    RequestBodyLength,
    RequestCookies,
    RequestCookiesNames,
    RequestFilename,
    RequestHeaders,
    RequestHeadersNames,
    RequestLine,
    RequestMethod,
    RequestProtocol,
    RequestUri,
    RequestUriRaw,
    Resource,
    ResponseArgs,
    ResponseBody,
    ResponseContentLength,
    ResponseContentType,
    ResponseHeaders,
    ResponseHeadersNames,
    ResponseProtocol,
    ResponseStatus,
    Rule,
    ServerAddr,
    ServerName,
    ServerPort,
    Session,
    SessionId,
    StatusLine,
    Time,
    TimeDay,
    TimeEpoch,
    TimeHour,
    TimeMin,
    TimeMon,
    TimeSec,
    TimeWday,
    TimeYear,
    Tx,
    UniqueId,
    UrlencodedError,
    User,
    UserId,
    WebappId,
    Xml,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineMode {
    On,
    DetectionOnly,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuditMode {
    On,
    Off,
    RelevantOnly,
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitAction {
    Reject,
    ProcessPartial,
}

#[derive(Clone, Debug)]
pub(crate) enum Setting {
    RuleEngine(EngineMode),
    RequestBodyAccess(bool),
    /// bytes
    RequestBodyLimit(u64),
    /// bytes
    RequestBodyNoFilesLimit(u64),
    /// bytes
    RequestBodyInMemoryLimit(u64),
    RequestBodyLimitAction(LimitAction),
    RequestBodyJsonDepthLimit(u32),
    ArgumentsLimit(u32),
    UploadFileLimit(u32),
    ResponseBodyAccess(bool),
    ResponseBodyMimeTypes(Vec<Box<str>>),
    ResponseBodyMimeTypesClear,
    /// bytes
    ResponseBodyLimit(u64),
    ResponseBodyLimitAction(LimitAction),
    ArgumentSeparator(u8),
    /// 0 Netscape, 1 version 1
    CookieFormat(u8),
    UnicodeMap(Arc<crate::transform::UnicodeMap>),
    /// seconds
    CollectionTimeout(u64),
    ComponentSignature(Box<str>),
    WebAppId(Box<str>),
    /// The database's bytes, as `Files` returned them.
    GeoDatabase(Arc<[u8]>),
    PcreMatchLimit(u64),
    AuditEngine(AuditMode),
    /// Settings that concern files, logs and processes that this engine leaves to its caller; read, checked and listed.
    LeftToCaller {
        name: &'static str,
        value: Box<str>,
    },
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
