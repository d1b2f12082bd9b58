//! What is set once.

use std::sync::Arc;

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
