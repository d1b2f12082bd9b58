//! Names of variables.

use super::fault::{Fault, did_you_mean, quote};
use super::syntax::Variable;

/// Name in rules, the variable, and whether it has named parts.
#[rustfmt::skip]
const VARIABLES: &[(&str, Variable, bool)] = &[
    ("ARGS", Variable::Args, true),
    ("ARGS_COMBINED_SIZE", Variable::ArgsCombinedSize, false),
    ("ARGS_GET", Variable::ArgsGet, true),
    ("ARGS_GET_NAMES", Variable::ArgsGetNames, true),
    ("ARGS_NAMES", Variable::ArgsNames, true),
    ("ARGS_POST", Variable::ArgsPost, true),
    ("ARGS_POST_NAMES", Variable::ArgsPostNames, true),
    ("AUTH_TYPE", Variable::AuthType, false),
    ("DURATION", Variable::Duration, false),
    ("ENV", Variable::Env, true),
    ("FILES", Variable::Files, true),
    ("FILES_COMBINED_SIZE", Variable::FilesCombinedSize, false),
    ("FILES_NAMES", Variable::FilesNames, true),
    ("FILES_SIZES", Variable::FilesSizes, true),
    ("FILES_TMP_CONTENT", Variable::FilesTmpContent, true),
    ("FILES_TMPNAMES", Variable::FilesTmpNames, true),
    ("FULL_REQUEST", Variable::FullRequest, false),
    ("FULL_REQUEST_LENGTH", Variable::FullRequestLength, false),
    ("GEO", Variable::Geo, true),
    ("GLOBAL", Variable::Global, true),
    ("HIGHEST_SEVERITY", Variable::HighestSeverity, false),
    ("INBOUND_DATA_ERROR", Variable::InboundDataError, false),
    ("IP", Variable::Ip, true),
    ("MATCHED_VAR", Variable::MatchedVar, false),
    ("MATCHED_VAR_NAME", Variable::MatchedVarName, false),
    ("MATCHED_VARS", Variable::MatchedVars, true),
    ("MATCHED_VARS_NAMES", Variable::MatchedVarsNames, true),
    ("MODSEC_BUILD", Variable::ModsecBuild, false),
    ("MSC_PCRE_LIMITS_EXCEEDED", Variable::MscPcreLimitsExceeded, false),
    ("MULTIPART_BOUNDARY_QUOTED", Variable::MultipartBoundaryQuoted, false),
    ("MULTIPART_BOUNDARY_WHITESPACE", Variable::MultipartBoundaryWhitespace, false),
    ("MULTIPART_CRLF_LF_LINES", Variable::MultipartCrlfLfLines, false),
    ("MULTIPART_DATA_AFTER", Variable::MultipartDataAfter, false),
    ("MULTIPART_DATA_BEFORE", Variable::MultipartDataBefore, false),
    ("MULTIPART_FILE_LIMIT_EXCEEDED", Variable::MultipartFileLimitExceeded, false),
    ("MULTIPART_FILENAME", Variable::MultipartFilename, true),
    ("MULTIPART_HEADER_FOLDING", Variable::MultipartHeaderFolding, false),
    ("MULTIPART_INVALID_HEADER_FOLDING", Variable::MultipartInvalidHeaderFolding, false),
    ("MULTIPART_INVALID_PART", Variable::MultipartInvalidPart, false),
    ("MULTIPART_INVALID_QUOTING", Variable::MultipartInvalidQuoting, false),
    ("MULTIPART_LF_LINE", Variable::MultipartLfLine, false),
    ("MULTIPART_MISSING_SEMICOLON", Variable::MultipartMissingSemicolon, false),
    ("MULTIPART_SEMICOLON_MISSING", Variable::MultipartMissingSemicolon, false),
    ("MULTIPART_NAME", Variable::MultipartName, true),
    ("MULTIPART_PART_HEADERS", Variable::MultipartPartHeaders, true),
    ("MULTIPART_STRICT_ERROR", Variable::MultipartStrictError, false),
    ("MULTIPART_UNMATCHED_BOUNDARY", Variable::MultipartUnmatchedBoundary, false),
    ("OUTBOUND_DATA_ERROR", Variable::OutboundDataError, false),
    ("PATH_INFO", Variable::PathInfo, false),
    ("QUERY_STRING", Variable::QueryString, false),
    ("REMOTE_ADDR", Variable::RemoteAddr, false),
    ("REMOTE_HOST", Variable::RemoteHost, false),
    ("REMOTE_PORT", Variable::RemotePort, false),
    ("REMOTE_USER", Variable::RemoteUser, false),
    ("REQBODY_ERROR", Variable::ReqbodyError, false),
    ("REQBODY_ERROR_MSG", Variable::ReqbodyErrorMsg, false),
    ("REQBODY_PROCESSOR", Variable::ReqbodyProcessor, false),
    ("REQBODY_PROCESSOR_ERROR", Variable::ReqbodyProcessorError, false),
    ("REQBODY_PROCESSOR_ERROR_MSG", Variable::ReqbodyProcessorErrorMsg, false),
    ("REQUEST_BASENAME", Variable::RequestBasename, false),
    ("REQUEST_BODY", Variable::RequestBody, false),
    ("REQUEST_BODY_LENGTH", Variable::RequestBodyLength, false),
    ("REQUEST_COOKIES", Variable::RequestCookies, true),
    ("REQUEST_COOKIES_NAMES", Variable::RequestCookiesNames, true),
    ("REQUEST_FILENAME", Variable::RequestFilename, false),
    ("REQUEST_HEADERS", Variable::RequestHeaders, true),
    ("REQUEST_HEADERS_NAMES", Variable::RequestHeadersNames, true),
    ("REQUEST_LINE", Variable::RequestLine, false),
    ("REQUEST_METHOD", Variable::RequestMethod, false),
    ("REQUEST_PROTOCOL", Variable::RequestProtocol, false),
    ("REQUEST_URI", Variable::RequestUri, false),
    ("REQUEST_URI_RAW", Variable::RequestUriRaw, false),
    ("RESOURCE", Variable::Resource, true),
    ("RESPONSE_ARGS", Variable::ResponseArgs, true),
    ("RESPONSE_BODY", Variable::ResponseBody, false),
    ("RESPONSE_CONTENT_LENGTH", Variable::ResponseContentLength, false),
    ("RESPONSE_CONTENT_TYPE", Variable::ResponseContentType, false),
    ("RESPONSE_HEADERS", Variable::ResponseHeaders, true),
    ("RESPONSE_HEADERS_NAMES", Variable::ResponseHeadersNames, true),
    ("RESPONSE_PROTOCOL", Variable::ResponseProtocol, false),
    ("RESPONSE_STATUS", Variable::ResponseStatus, false),
    ("RULE", Variable::Rule, true),
    ("SERVER_ADDR", Variable::ServerAddr, false),
    ("SERVER_NAME", Variable::ServerName, false),
    ("SERVER_PORT", Variable::ServerPort, false),
    ("SESSION", Variable::Session, true),
    ("SESSIONID", Variable::SessionId, false),
    ("STATUS_LINE", Variable::StatusLine, false),
    ("TIME", Variable::Time, false),
    ("TIME_DAY", Variable::TimeDay, false),
    ("TIME_EPOCH", Variable::TimeEpoch, false),
    ("TIME_HOUR", Variable::TimeHour, false),
    ("TIME_MIN", Variable::TimeMin, false),
    ("TIME_MON", Variable::TimeMon, false),
    ("TIME_SEC", Variable::TimeSec, false),
    ("TIME_WDAY", Variable::TimeWday, false),
    ("TIME_YEAR", Variable::TimeYear, false),
    ("TX", Variable::Tx, true),
    ("UNIQUE_ID", Variable::UniqueId, false),
    ("URLENCODED_ERROR", Variable::UrlencodedError, false),
    ("USER", Variable::User, true),
    ("USERID", Variable::UserId, false),
    ("WEBAPPID", Variable::WebappId, false),
    ("XML", Variable::Xml, true),
];

/// The variable of that name, in any case, and whether it has named parts.
pub(super) fn variable(name: &[u8]) -> Result<(Variable, bool), Fault> {
    VARIABLES
        .iter()
        .find(|(known, _, _)| known.as_bytes().eq_ignore_ascii_case(name))
        .map(|(_, variable, parts)| (*variable, *parts))
        .ok_or_else(|| {
            let known = VARIABLES.iter().map(|(known, _, _)| *known);
            Fault::new(format!("unknown variable {}", quote(name)))
                .maybe_hint(did_you_mean(name, known))
        })
}

/// Splits `TX.name` or `TX:name`; without a separator the second part is none.
pub(super) fn split_part(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = text
        .iter()
        .position(|one| !(one.is_ascii_alphanumeric() || *one == b'_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    match rest.split_first() {
        Some((b':' | b'.', part)) => (name, Some(part)),
        Some(_) => (text, None),
        None => (name, None),
    }
}

/// A collection that rules write to.
pub(super) fn writable(name: &[u8]) -> Result<Variable, Fault> {
    let (variable, _) = variable(name)?;
    let writes = [
        Variable::Tx,
        Variable::Ip,
        Variable::Global,
        Variable::Session,
        Variable::User,
        Variable::Resource,
    ];
    if writes.contains(&variable) {
        return Ok(variable);
    }
    Err(Fault::new(format!("rules cannot write to {}", quote(name)))
        .hint("they write to `TX`, `IP`, `GLOBAL`, `SESSION`, `USER` and `RESOURCE`"))
}

impl Variable {
    /// The name in rules.
    pub(crate) fn name(self) -> &'static str {
        VARIABLES
            .iter()
            .find(|(_, variable, _)| *variable == self)
            .map_or("", |(name, ..)| name)
    }
}
