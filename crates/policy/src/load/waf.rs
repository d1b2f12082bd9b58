//! `waf`: which rules look at requests and answers, and what follows from what they find.
//!
//! Nothing here has a default. To inspect nothing is a decision like any other: it is written down, with its reason.

use super::report::{At, Fields, Report};
use super::words::hint;
use super::yaml::{Kind, Node};
use crate::{Inspect, RuleFile, RuleSource, Waf, WafMode};

const WAF_KEYS: &[&str] = &[
    "rules",
    "modsecurity_rules_file",
    "mode",
    "paranoia",
    "exclusions",
    "redact",
    "danger_off",
];

const ROUTE_KEYS: &[&str] = &["mode", "paranoia", "exclusions", "danger_off"];

/// Most files that `rules` or one list of `exclusions` names.
const FILES_MAX: usize = 64;

/// Reads the block of the whole plan.
pub(super) fn read_waf(report: &mut Report, node: &Node) -> Option<Waf> {
    let fields = report.fields(node, "`waf`", WAF_KEYS)?;
    if let Some(off) = fields.get("danger_off") {
        let inspect = read_off(report, &fields, off, WAF_KEYS)?;
        return Some(Waf {
            rules: Vec::new(),
            redact: Vec::new(),
            inspect,
            spot: node.spot,
        });
    }
    let rules = read_rules(report, &fields);
    let mode = fields
        .need_text(report, "mode")
        .and_then(|text| read_mode(report, &text));
    let crs = rules
        .as_ref()
        .is_none_or(|rules| rules.iter().any(RuleSource::has_crs));
    let paranoia = read_paranoia(report, &fields, crs);
    if rules.is_some() && crs && fields.get("paranoia").is_none() {
        let hint = "1 refuses the fewest honest requests, 4 lets the fewest attacks pass";
        report.mistake_hint(fields.spot, "`crs` needs the key `paranoia`", hint);
    }
    let (before, after) = read_exclusions(report, &fields);
    let redact = fields
        .get("redact")
        .and_then(|node| report.texts(node, "`redact`"))
        .unwrap_or_default();
    Some(Waf {
        rules: rules?,
        redact: redact
            .into_iter()
            .map(|word| word.value.to_ascii_lowercase())
            .collect(),
        inspect: Inspect {
            mode: mode?,
            paranoia,
            before,
            after,
        },
        spot: node.spot,
    })
}

/// Reads what a route says otherwise; what it does not say is as in the plan's block.
pub(super) fn read_route(
    report: &mut Report,
    route: &Fields<'_>,
    waf: Option<&Waf>,
) -> Option<Inspect> {
    let Some(node) = route.get("waf") else {
        return waf.map(|waf| waf.inspect.clone());
    };
    let fields = report.fields(node, "`waf` of a route", ROUTE_KEYS)?;
    if let Some(off) = fields.get("danger_off") {
        return read_off(report, &fields, off, ROUTE_KEYS);
    }
    if waf.is_some_and(|waf| waf.rules.is_empty()) {
        let hint = "name rules in the plan's `waf`, and switch single routes off";
        report.mistake_hint(node.spot, "there are no rules that a route could use", hint);
        return None;
    }
    let mode = fields.get("mode").map(|node| {
        let text = report.text(node, "`mode`")?;
        read_mode(report, &text)
    });
    let crs = waf.is_none_or(|waf| waf.rules.iter().any(RuleSource::has_crs));
    let paranoia = read_paranoia(report, &fields, crs);
    let (before, after) = read_exclusions(report, &fields);
    let mut inspect = waf?.inspect.clone();
    if let Some(mode) = mode {
        inspect.mode = mode?;
    }
    inspect.paranoia = paranoia.or(inspect.paranoia);
    inspect.before.extend(before);
    inspect.after.extend(after);
    Some(inspect)
}

/// Who inspects nothing has nothing else to say.
fn read_off(
    report: &mut Report,
    fields: &Fields<'_>,
    node: &Node,
    keys: &[&str],
) -> Option<Inspect> {
    for key in keys.iter().filter(|key| **key != "danger_off") {
        if let Some(spot) = fields.key_spot(key) {
            report.mistake(
                spot,
                format!("`{key}` says nothing where `danger_off` stands"),
            );
        }
    }
    let because = report.text(node, "`danger_off`")?;
    Some(Inspect {
        mode: WafMode::Off {
            because: because.value,
        },
        paranoia: None,
        before: Vec::new(),
        after: Vec::new(),
    })
}

fn read_mode(report: &mut Report, text: &At<String>) -> Option<WafMode> {
    match text.value.as_str() {
        "monitor" => Some(WafMode::Monitor),
        "block" => Some(WafMode::Block),
        "off" => {
            let hint = "write `danger_off: \"the reason\"` instead";
            report.mistake_hint(text.spot, "to inspect nothing needs a reason", hint);
            None
        }
        other => {
            let known = ["monitor".to_owned(), "block".to_owned()];
            report.mistake_hint(
                text.spot,
                format!("there is no mode `{other}`"),
                hint(other, &known, "modes"),
            );
            None
        }
    }
}

/// `None` after a mistake.
fn read_rules(report: &mut Report, fields: &Fields<'_>) -> Option<Vec<RuleSource>> {
    match (fields.get("rules"), fields.get("modsecurity_rules_file")) {
        (Some(_), Some(second)) => {
            let spot = fields
                .key_spot("modsecurity_rules_file")
                .unwrap_or(second.spot);
            let hint = "`modsecurity_rules_file: FILE` is short for `rules: [FILE]`";
            report.mistake_hint(
                spot,
                "`rules` and `modsecurity_rules_file` stand together",
                hint,
            );
            None
        }
        (None, Some(node)) => {
            let text = report.text(node, "`modsecurity_rules_file`")?;
            Some(vec![RuleSource::File(file_of(text))])
        }
        (None, None) => {
            let hint = "name them, e.g. `rules: [baseline]`, or write `danger_off: \"the reason\"`";
            report.mistake_hint(fields.spot, "`waf` lacks the key `rules`", hint);
            None
        }
        (Some(node), None) => {
            let texts = report.texts(node, "`rules`")?;
            if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
                let hint = "name `baseline`, `crs`, `profile` or files, or write `danger_off: \"the reason\"`";
                report.mistake_hint(node.spot, "`rules` must name at least one rule set", hint);
                return None;
            }
            bound(report, node, texts.len(), "`rules`");
            Some(texts.into_iter().map(source_of).collect())
        }
    }
}

fn source_of(text: At<String>) -> RuleSource {
    match text.value.as_str() {
        "baseline" => RuleSource::Baseline,
        "crs" => RuleSource::Crs,
        "profile" => RuleSource::Profile,
        _ => RuleSource::File(file_of(text)),
    }
}

fn file_of(text: At<String>) -> RuleFile {
    RuleFile {
        path: text.value,
        spot: text.spot,
    }
}

/// Only CRS has levels; anywhere else the key would be known and not enforced.
fn read_paranoia(report: &mut Report, fields: &Fields<'_>, crs: bool) -> Option<u8> {
    let node = fields.get("paranoia")?;
    if !crs {
        let spot = fields.key_spot("paranoia").unwrap_or(node.spot);
        let hint = "other rules set their level themselves; remove the key";
        report.mistake_hint(spot, "`paranoia` is a level of `crs`", hint);
        return None;
    }
    let level = report.number(node, "`paranoia`", 1..=4)?;
    u8::try_from(level).ok()
}

fn read_exclusions(report: &mut Report, fields: &Fields<'_>) -> (Vec<RuleFile>, Vec<RuleFile>) {
    let Some(node) = fields.get("exclusions") else {
        return (Vec::new(), Vec::new());
    };
    let Some(inner) = report.fields(node, "`exclusions`", &["before", "after"]) else {
        return (Vec::new(), Vec::new());
    };
    let mut files = |key: &str| {
        let Some(node) = inner.get(key) else {
            return Vec::new();
        };
        let what = format!("`{key}`");
        let texts = report.texts(node, &what).unwrap_or_default();
        bound(report, node, texts.len(), &what);
        texts.into_iter().map(file_of).collect()
    };
    (files("before"), files("after"))
}

fn bound(report: &mut Report, node: &Node, count: usize, what: &str) {
    if count > FILES_MAX {
        let hint = "one file can `Include` others";
        report.mistake_hint(
            node.spot,
            format!("{what} names more than {FILES_MAX} files"),
            hint,
        );
    }
}
