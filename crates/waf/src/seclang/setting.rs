//! Directives that set something once.

use super::control::{audit_mode, check_audit_parts, debug_level, engine_mode, on_off};
use super::fault::{Fault, did_you_mean, number, quote, text};
use super::lines::Word;
use super::syntax::{LimitAction, Setting};

/// What stands behind a directive.
#[derive(Clone, Copy)]
enum Reading {
    /// One word.
    One(fn(&[u8]) -> Result<Setting, Fault>),
    /// Nothing.
    Alone(fn() -> Setting),
    /// Media types.
    Types,
    /// One word that is checked and left to the caller.
    Left(fn(&[u8]) -> Result<(), Fault>),
    /// `Off` is what the engine does; anything else is refused.
    OffOnly,
    /// Refused, with the reason.
    Refused(&'static str),
}

/// Directives that the loader itself reads, for suggestions.
const LOADED: [&str; 15] = [
    "Include",
    "IncludeOptional",
    "SecAction",
    "SecDefaultAction",
    "SecGeoLookupDb",
    "SecMarker",
    "SecRule",
    "SecRuleRemoveById",
    "SecRuleRemoveByMsg",
    "SecRuleRemoveByTag",
    "SecRuleUpdateActionById",
    "SecRuleUpdateTargetById",
    "SecRuleUpdateTargetByMsg",
    "SecRuleUpdateTargetByTag",
    "SecUnicodeMapFile",
];

const NEEDS_HASHES: &str = "the engine changes no links and forms";
const NEEDS_PROGRAM: &str = "the engine starts no programs";
const NOT_IN_V3: &str = "ModSecurity 3 does not have it either";

#[rustfmt::skip]
const SETTINGS: &[(&str, Reading)] = &[
    ("SecArgumentSeparator", Reading::One(separator)),
    ("SecArgumentsLimit", Reading::One(|value| number(value, "number of arguments").map(Setting::ArgumentsLimit))),
    ("SecAuditEngine", Reading::One(|value| audit_mode(value).map(Setting::AuditEngine))),
    ("SecAuditLog", Reading::Left(anything)),
    ("SecAuditLog2", Reading::Left(anything)),
    ("SecAuditLogDirMode", Reading::Left(mode)),
    ("SecAuditLogFileMode", Reading::Left(mode)),
    ("SecAuditLogFormat", Reading::Left(|value| one_of(value, &["JSON", "Native", "OCSF"]))),
    ("SecAuditLogParts", Reading::Left(check_audit_parts)),
    ("SecAuditLogRelevantStatus", Reading::Left(anything)),
    ("SecAuditLogStorageDir", Reading::Left(anything)),
    ("SecAuditLogType", Reading::Left(|value| one_of(value, &["Serial", "Concurrent", "Parallel", "HTTPS"]))),
    ("SecCacheTransformations", Reading::Refused(NOT_IN_V3)),
    ("SecChrootDir", Reading::Refused("the process is confined by who starts it")),
    ("SecCollectionTimeout", Reading::One(|value| number(value, "number of seconds").map(Setting::CollectionTimeout))),
    ("SecComponentSignature", Reading::One(|value| text(value).map(Setting::ComponentSignature))),
    ("SecConnEngine", Reading::OffOnly),
    ("SecConnReadStateLimit", Reading::Refused(NOT_IN_V3)),
    ("SecConnWriteStateLimit", Reading::Refused(NOT_IN_V3)),
    ("SecContentInjection", Reading::OffOnly),
    ("SecCookieFormat", Reading::One(cookie_format)),
    ("SecCookieV0Separator", Reading::Refused(NOT_IN_V3)),
    ("SecDataDir", Reading::Left(anything)),
    ("SecDataset", Reading::Refused("put the words into a file for `@pmFromFile`")),
    ("SecDebugLog", Reading::Left(anything)),
    ("SecDebugLogLevel", Reading::Left(|value| debug_level(value).map(drop))),
    ("SecDisableBackendCompression", Reading::OffOnly),
    ("SecGsbLookupDb", Reading::Refused(NOT_IN_V3)),
    ("SecGuardianLog", Reading::Refused(NEEDS_PROGRAM)),
    ("SecHashEngine", Reading::OffOnly),
    ("SecHashKey", Reading::Refused(NEEDS_HASHES)),
    ("SecHashMethodPm", Reading::Refused(NEEDS_HASHES)),
    ("SecHashMethodRx", Reading::Refused(NEEDS_HASHES)),
    ("SecHashParam", Reading::Refused(NEEDS_HASHES)),
    ("SecHttpBlKey", Reading::Left(anything)),
    ("SecIgnoreRuleCompilationErrors", Reading::OffOnly),
    ("SecInterceptOnError", Reading::OffOnly),
    ("SecParseXmlIntoArgs", Reading::OffOnly),
    ("SecPcreMatchLimit", Reading::One(|value| number(value, "number of steps").map(Setting::PcreMatchLimit))),
    ("SecPcreMatchLimitRecursion", Reading::Left(|value| number::<u64>(value, "number of steps").map(drop))),
    ("SecReadStateLimit", Reading::Refused("connections are limited before the engine")),
    ("SecRemoteRules", Reading::Refused("the engine opens no connections")),
    ("SecRemoteRulesFailAction", Reading::Refused("the engine opens no connections")),
    ("SecRequestBodyAccess", Reading::One(|value| on_off(value).map(Setting::RequestBodyAccess))),
    ("SecRequestBodyInMemoryLimit", Reading::One(|value| bytes(value).map(Setting::RequestBodyInMemoryLimit))),
    ("SecRequestBodyJsonDepthLimit", Reading::One(|value| number(value, "depth").map(Setting::RequestBodyJsonDepthLimit))),
    ("SecRequestBodyLimit", Reading::One(|value| bytes(value).map(Setting::RequestBodyLimit))),
    ("SecRequestBodyLimitAction", Reading::One(|value| limit_action(value).map(Setting::RequestBodyLimitAction))),
    ("SecRequestBodyNoFilesLimit", Reading::One(|value| bytes(value).map(Setting::RequestBodyNoFilesLimit))),
    ("SecResponseBodyAccess", Reading::One(|value| on_off(value).map(Setting::ResponseBodyAccess))),
    ("SecResponseBodyLimit", Reading::One(|value| bytes(value).map(Setting::ResponseBodyLimit))),
    ("SecResponseBodyLimitAction", Reading::One(|value| limit_action(value).map(Setting::ResponseBodyLimitAction))),
    ("SecResponseBodyMimeType", Reading::Types),
    ("SecResponseBodyMimeTypesClear", Reading::Alone(|| Setting::ResponseBodyMimeTypesClear)),
    ("SecRuleEngine", Reading::One(|value| engine_mode(value).map(Setting::RuleEngine))),
    ("SecRuleInheritance", Reading::OffOnly),
    ("SecRulePerfTime", Reading::Refused(NOT_IN_V3)),
    ("SecRuleScript", Reading::Refused(NEEDS_PROGRAM)),
    ("SecRxPreFilter", Reading::Left(|value| on_off(value).map(drop))),
    ("SecSensorId", Reading::Refused(NOT_IN_V3)),
    ("SecServerSignature", Reading::Refused("the engine changes no responses")),
    ("SecStatusEngine", Reading::Left(|value| on_off(value).map(drop))),
    ("SecStreamInBodyInspection", Reading::OffOnly),
    ("SecStreamOutBodyInspection", Reading::OffOnly),
    ("SecTmpDir", Reading::Left(anything)),
    ("SecTmpSaveUploadedFiles", Reading::Left(|value| on_off(value).map(drop))),
    ("SecUnicodeCodePage", Reading::Refused("write `SecUnicodeMapFile FILE PAGE`")),
    ("SecUploadDir", Reading::Left(anything)),
    ("SecUploadFileLimit", Reading::One(|value| number(value, "number of files").map(Setting::UploadFileLimit))),
    ("SecUploadFileMode", Reading::Left(mode)),
    ("SecUploadKeepFiles", Reading::Left(|value| one_of(value, &["On", "Off", "RelevantOnly"]))),
    ("SecWebAppId", Reading::One(|value| text(value).map(Setting::WebAppId))),
    ("SecWriteStateLimit", Reading::Refused("connections are limited before the engine")),
    ("SecXmlExternalEntity", Reading::OffOnly),
];

/// The setting that the words make, or why they make none.
pub(super) fn setting(words: &[Word<'_>]) -> Result<Setting, Fault> {
    let Some((name, values)) = words.split_first() else {
        return Err(Fault::new("a directive is missing"));
    };
    let Some((known, reading)) = SETTINGS
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name.text))
    else {
        return Err(unknown(name.text));
    };
    if let Reading::Refused(why) = reading {
        return Err(Fault::new(format!("`{known}` is not supported")).hint(*why));
    }
    if let (Reading::Types, [_, ..]) = (reading, values) {
        let types = values
            .iter()
            .map(|word| text(word.text).map_err(|fault| fault.or_at(word.at)));
        return types
            .collect::<Result<_, _>>()
            .map(Setting::ResponseBodyMimeTypes);
    }
    if let (Reading::Alone(make), []) = (reading, values) {
        return Ok(make());
    }
    let value = match values {
        [] => return Err(Fault::new(format!("the value of `{known}` is missing"))),
        [only] if !matches!(reading, Reading::Alone(_)) => only,
        [more] | [_, more, ..] => {
            let fault = Fault::new(format!(
                "{} is one word too many behind `{known}`",
                quote(more.text)
            ));
            return Err(fault.or_at(more.at));
        }
    };
    match reading {
        Reading::One(read) => read(value.text),
        Reading::Left(check) => check(value.text).and_then(|()| left(known, value.text)),
        Reading::OffOnly if value.text.eq_ignore_ascii_case(b"Off") => left(known, value.text),
        Reading::OffOnly | Reading::Refused(_) | Reading::Types | Reading::Alone(_) => {
            Err(Fault::new(format!("{} is not supported", quote(value.text))).hint("only `Off` is"))
        }
    }
    .map_err(|fault| {
        Fault {
            message: format!("`{known}`: {}", fault.message),
            ..fault
        }
        .or_at(value.at)
    })
}

fn unknown(name: &[u8]) -> Fault {
    let fault = Fault::new(format!("unknown directive {}", quote(name)));
    if name.starts_with(b"<") {
        return Fault::new(format!("{} belongs to Apache, not to SecLang", quote(name)))
            .hint("keep the directives inside the block and remove the block");
    }
    if name
        .get(..11)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"modsecurity"))
    {
        return fault.hint("that belongs to nginx; here, rule files are read with `Include`");
    }
    fault.maybe_hint(did_you_mean(
        name,
        LOADED
            .into_iter()
            .chain(SETTINGS.iter().map(|(known, _)| *known)),
    ))
}

fn left(name: &'static str, value: &[u8]) -> Result<Setting, Fault> {
    text(value).map(|value| Setting::LeftToCaller { name, value })
}

fn anything(value: &[u8]) -> Result<(), Fault> {
    if value.is_empty() {
        Err(Fault::new("the value is empty"))
    } else {
        Ok(())
    }
}

fn bytes(value: &[u8]) -> Result<u64, Fault> {
    number(value, "number of bytes")
}

fn one_of(value: &[u8], words: &[&str]) -> Result<(), Fault> {
    if words
        .iter()
        .any(|word| word.as_bytes().eq_ignore_ascii_case(value))
    {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{} is none of `{}`",
        quote(value),
        words.join("`, `")
    )))
}

/// An octal file mode, or `default`.
fn mode(value: &[u8]) -> Result<(), Fault> {
    let octal =
        (1..=5).contains(&value.len()) && value.iter().all(|one| (b'0'..=b'7').contains(one));
    if octal || value.eq_ignore_ascii_case(b"default") {
        return Ok(());
    }
    Err(Fault::new(format!("{} is no octal mode", quote(value))))
}

fn separator(value: &[u8]) -> Result<Setting, Fault> {
    match value {
        [only] => Ok(Setting::ArgumentSeparator(*only)),
        _ => Err(Fault::new(format!(
            "{} is not one single character",
            quote(value)
        ))),
    }
}

fn cookie_format(value: &[u8]) -> Result<Setting, Fault> {
    match value {
        b"0" => Ok(Setting::CookieFormat(0)),
        b"1" => Ok(Setting::CookieFormat(1)),
        _ => Err(Fault::new(format!(
            "{} is neither `0` nor `1`",
            quote(value)
        ))),
    }
}

fn limit_action(value: &[u8]) -> Result<LimitAction, Fault> {
    one_of(value, &["Reject", "ProcessPartial"])?;
    Ok(if value.eq_ignore_ascii_case(b"Reject") {
        LimitAction::Reject
    } else {
        LimitAction::ProcessPartial
    })
}
