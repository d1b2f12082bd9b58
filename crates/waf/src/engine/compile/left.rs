//! What the files ask for and this engine does not do, so that somebody can be told: nothing is skipped in silence.

use std::collections::BTreeMap;

use super::phase_of;
use crate::engine::program::Left;
use crate::seclang::syntax::{
    Action, AuditMode, Condition, Ctl, Directive, Document, Item, Link, Operator, Phase, Place,
    Setting, Target, TargetKind, Variable,
};

/// The list, each kind once, in the order of the files. `edited` are the rules after updates and removals.
pub(super) fn left(document: &Document, edited: &[Item]) -> Vec<Left> {
    let has_geo = document
        .items
        .iter()
        .any(|item| matches!(item.directive, Directive::Setting(Setting::GeoDatabase(_))));
    let mut list = List {
        all: Vec::new(),
        known: BTreeMap::new(),
        has_geo,
    };
    for item in &document.items {
        if let Directive::Setting(setting) = &item.directive
            && let Some((what, why)) = of_setting(setting)
        {
            list.add(&item.place, what, why);
        }
    }
    for item in edited {
        if let Directive::Rule(rule) = &item.directive {
            let head = rule.links.first();
            let actions = head.map_or([].as_slice(), |link| link.actions.as_slice());
            let phase = phase_of(actions).unwrap_or(Phase::RequestBody);
            for (position, link) in rule.links.iter().enumerate() {
                list.link(link, phase, position > 0);
            }
        }
    }
    list.all
}

struct List {
    all: Vec<Left>,
    known: BTreeMap<String, usize>,
    has_geo: bool,
}

impl List {
    fn add(&mut self, place: &Place, what: String, why: &'static str) {
        if let Some(left) = self.known.get(&what).and_then(|at| self.all.get_mut(*at)) {
            left.times = left.times.saturating_add(1);
            return;
        }
        self.known.insert(what.clone(), self.all.len());
        self.all.push(Left {
            file: place.file.to_string(),
            line: place.line,
            what,
            why,
            times: 1,
        });
    }

    fn link(&mut self, link: &Link, phase: Phase, chained: bool) {
        for action in &link.actions {
            let told = of_action(action, phase)
                .or_else(|| chained.then(|| of_chained(action)).flatten())
                .or_else(|| of_looking(action, link.condition.as_ref()));
            if let Some((what, why)) = told {
                self.add(&link.place, what, why);
            }
        }
        if let Some(condition) = &link.condition {
            self.condition(&link.place, condition, phase);
        }
    }

    fn condition(&mut self, place: &Place, condition: &Condition, phase: Phase) {
        if let Operator::Rbl(list) = &condition.operator {
            let why = "no list on the network is asked; it never matches";
            self.add(place, format!("@rbl {list}"), why);
        }
        if matches!(condition.operator, Operator::GeoLookup) && !self.has_geo {
            let why = "there is no `SecGeoLookupDB`; it never matches";
            self.add(place, "@geoLookup".into(), why);
        }
        let looked = || condition.targets.iter().filter(|one| is_looked_at(one));
        for target in looked() {
            if let Some(why) = never_filled(target.variable) {
                self.add(place, target.variable.name().into(), why);
            }
        }
        if looked().next().is_some() && looked().all(|target| comes_after(target.variable, phase)) {
            let names: Vec<&str> = looked().map(|target| target.variable.name()).collect();
            let what = format!("{} in phase {}", names.join("|"), phase as u8 + 1);
            self.add(place, what, "it is there in a later phase only");
        }
    }
}

fn is_looked_at(target: &Target) -> bool {
    target.kind != TargetKind::Excluded
}

type Told = (String, &'static str);

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other setting is the engine's own"
)]
fn of_setting(setting: &Setting) -> Option<Told> {
    const CALLER: &str = "logs, files and processes are its caller's";
    Some(match setting {
        Setting::LeftToCaller { name, value } => (format!("{name} {value}"), CALLER),
        Setting::RequestBodyInMemoryLimit(bytes) => (
            format!("SecRequestBodyInMemoryLimit {bytes}"),
            "bodies are held in memory, to the caller's limit",
        ),
        Setting::CookieFormat(format) if *format != 0 => (
            format!("SecCookieFormat {format}"),
            "cookies are read as RFC 6265 has them",
        ),
        Setting::ComponentSignature(text) => (
            format!("SecComponentSignature {text}"),
            "reports do not name components",
        ),
        Setting::PcreMatchLimit(limit) => (
            format!("SecPcreMatchLimit {limit}"),
            "patterns have an allowance of their own",
        ),
        // `Off` asks for what is so.
        Setting::AuditEngine(mode) if *mode != AuditMode::Off => {
            (format!("SecAuditEngine {mode:?}"), CALLER)
        }
        _ => return None,
    })
}

/// Actions that do nothing wherever they stand, or too late.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other action is honoured, refused, or says what a rule is about"
)]
fn of_action(action: &Action, phase: Phase) -> Option<Told> {
    Some(match action {
        Action::NoAuditLog => (
            "noauditlog".into(),
            "every decision has one record, whatever rules say",
        ),
        Action::XmlNs { prefix, .. } => (
            format!("xmlns:{prefix}"),
            "`XML:/*` and `XML://@*` know no namespaces",
        ),
        Action::SetEnv { name, .. } => (
            format!("setenv:{name}"),
            "only rules see it, as `%{ENV.…}`; no process gets it",
        ),
        Action::ExpireVar {
            variable: Variable::Tx,
            ..
        } => (
            "expirevar:tx".into(),
            "`TX` ends with the transaction anyway",
        ),
        Action::InitCol {
            collection: Variable::Tx,
            ..
        } => ("initcol:tx".into(), "`TX` is always there"),
        Action::Ctl(ctl) => return of_control(ctl, phase),
        _ => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other control is honoured, or refused"
)]
fn of_control(ctl: &Ctl, phase: Phase) -> Option<Told> {
    const RECORD: &str = "the record of a decision has no parts and no levels";
    const LATE: &str = "the body has been read before this phase";
    Some(match ctl {
        Ctl::AuditEngine(_) => ("ctl:auditEngine".into(), RECORD),
        Ctl::AuditLogParts(parts) => (format!("ctl:auditLogParts={parts}"), RECORD),
        Ctl::DebugLogLevel(_) => ("ctl:debugLogLevel".into(), RECORD),
        Ctl::RequestBodyAccess(_) if phase != Phase::RequestHeaders => {
            ("ctl:requestBodyAccess behind phase 1".into(), LATE)
        }
        Ctl::ForceRequestBodyVariable(_) if phase != Phase::RequestHeaders => {
            ("ctl:forceRequestBodyVariable behind phase 1".into(), LATE)
        }
        Ctl::RequestBodyProcessor(_) if phase != Phase::RequestHeaders => {
            ("ctl:requestBodyProcessor behind phase 1".into(), LATE)
        }
        Ctl::RequestBodyLimit(_) if phase != Phase::RequestHeaders => {
            ("ctl:requestBodyLimit behind phase 1".into(), LATE)
        }
        _ => return None,
    })
}

/// Actions of which only the head's count.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other action counts on any rule of a chain"
)]
fn of_chained(action: &Action) -> Option<Told> {
    let name = match action {
        Action::Log => "log",
        Action::NoLog => "nolog",
        Action::Tag(_) => "tag",
        Action::Ver(_) => "ver",
        Action::Rev(_) => "rev",
        _ => return None,
    };
    Some((
        format!("{name} on a chained rule"),
        "the first rule of a chain decides",
    ))
}

/// Actions about what a rule looks at, where it looks at nothing or keeps nothing.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other actions are not about looking"
)]
fn of_looking(action: &Action, condition: Option<&Condition>) -> Option<Told> {
    let name = match action {
        Action::Capture => "capture",
        Action::MultiMatch => "multiMatch",
        Action::Transformation(_) => "t",
        _ => return None,
    };
    match condition {
        None => Some((
            format!("{name} of a `SecAction`"),
            "it looks at no variable",
        )),
        Some(condition) if name == "capture" && !captures(&condition.operator) => Some((
            "capture without a pattern or words".into(),
            "this operator has nothing to keep in `TX:0`",
        )),
        Some(_) => None,
    }
}

/// Whether an operator can say which part matched.
fn captures(operator: &Operator) -> bool {
    match operator {
        Operator::Rx(_)
        | Operator::RxGlobal(_)
        | Operator::Pm(_)
        | Operator::DetectSqli
        | Operator::DetectXss
        | Operator::VerifyCc(_)
        | Operator::VerifyCpf(_)
        | Operator::VerifySsn(_) => true,
        Operator::BeginsWith(_)
        | Operator::Contains(_)
        | Operator::ContainsWord(_)
        | Operator::EndsWith(_)
        | Operator::Streq(_)
        | Operator::Strmatch(_)
        | Operator::Within(_)
        | Operator::Eq(_)
        | Operator::Ge(_)
        | Operator::Gt(_)
        | Operator::Le(_)
        | Operator::Lt(_)
        | Operator::IpMatch(_)
        | Operator::ValidateByteRange(_)
        | Operator::ValidateUrlEncoding
        | Operator::ValidateUtf8Encoding
        | Operator::GeoLookup
        | Operator::Rbl(_)
        | Operator::UnconditionalMatch
        | Operator::NoMatch => false,
    }
}

/// Why a variable never has a value here.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other variable is filled"
)]
fn never_filled(variable: Variable) -> Option<&'static str> {
    Some(match variable {
        Variable::RemoteUser => "nobody logs in at the rule engine; it is never set",
        Variable::StatusLine => "an answer has a status and no line yet; it is never set",
        Variable::ResponseArgs => "answers have no arguments; it is never set",
        Variable::FilesTmpNames => "uploads are kept in memory; it is never set",
        Variable::MscPcreLimitsExceeded => {
            "a rule without an answer is reported instead; it is never set"
        }
        Variable::ModsecBuild => "this is another engine; it is never set",
        _ => return None,
    })
}

/// Whether a variable is first there in a phase after this one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other variable is there from the beginning, or in any phase"
)]
fn comes_after(variable: Variable, phase: Phase) -> bool {
    let first = match variable {
        Variable::ArgsPost
        | Variable::ArgsPostNames
        | Variable::Files
        | Variable::FilesCombinedSize
        | Variable::FilesNames
        | Variable::FilesSizes
        | Variable::FilesTmpContent
        | Variable::MultipartFilename
        | Variable::MultipartName
        | Variable::MultipartPartHeaders
        | Variable::RequestBody
        | Variable::RequestBodyLength
        | Variable::Xml => Phase::RequestBody,
        Variable::ResponseHeaders
        | Variable::ResponseHeadersNames
        | Variable::ResponseStatus
        | Variable::ResponseProtocol
        | Variable::ResponseContentType
        | Variable::ResponseContentLength => Phase::ResponseHeaders,
        Variable::ResponseBody => Phase::ResponseBody,
        _ => return false,
    };
    phase < first
}
