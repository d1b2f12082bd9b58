//! Rules of made-up parts.

use std::fmt::Write as _;

use vauban_testkit::choices::Choices;
use vauban_testkit::grammar::MadeUp;
use vauban_waf::transform::Transformation;

const TARGETS: &[&str] = &[
    "ARGS",
    "ARGS_NAMES",
    "ARGS_GET",
    "ARGS_POST",
    "ARGS_GET_NAMES",
    "ARGS_POST_NAMES",
    "ARGS:a",
    "ARGS:/^a/",
    "ARGS_COMBINED_SIZE",
    "REQUEST_COOKIES",
    "REQUEST_COOKIES_NAMES",
    "REQUEST_COOKIES:a",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS_NAMES",
    "REQUEST_HEADERS:User-Agent",
    "REQUEST_BODY",
    "REQUEST_URI",
    "REQUEST_URI_RAW",
    "REQUEST_FILENAME",
    "REQUEST_BASENAME",
    "REQUEST_LINE",
    "REQUEST_METHOD",
    "REQUEST_PROTOCOL",
    "QUERY_STRING",
    "XML:/*",
    "XML://@*",
    "FILES",
    "FILES_NAMES",
    "MULTIPART_PART_HEADERS",
    "MATCHED_VAR",
    "MATCHED_VARS",
    "MATCHED_VARS_NAMES",
    "TX:n",
    "TX:p",
    "TX",
    "TX:/n/",
    "IP:n",
    "REMOTE_ADDR",
    "RESPONSE_STATUS",
    "RESPONSE_BODY",
    "RESPONSE_HEADERS",
    "RULE:id",
    "REQBODY_ERROR",
    "UNIQUE_ID",
    "FULL_REQUEST",
];
const COUNTED: &[&str] = &[
    "&ARGS",
    "&ARGS:a",
    "&REQUEST_HEADERS:Host",
    "&TX:n",
    "&IP:n",
    "&REQUEST_COOKIES",
    "&MATCHED_VARS",
];
const EXCLUDED: &[&str] = &[
    "!ARGS:a",
    "!ARGS:/b/",
    "!REQUEST_HEADERS:User-Agent",
    "!REQUEST_COOKIES:a",
    "!ARGS_NAMES:b",
    "!TX:n",
];
const OPERATORS: &[&str] = &[
    "@pm evil <a or",
    "@pm a",
    "@pmFromFile words",
    "@contains evil",
    "@contains %{tx.p}",
    "@contains a",
    "@beginsWith ev",
    "@beginsWith %{tx.p}",
    "@endsWith il",
    "@streq evil",
    "@streq a",
    "@strmatch vi",
    "@containsWord evil",
    "@within evil select a",
    "@within %{tx.p}",
    "@eq 1",
    "@ge 1",
    "@lt 2",
    "@gt %{tx.n}",
    "@le 1",
    "@detectSQLi",
    "@detectXSS",
    "@validateByteRange 32-126,9",
    "@validateUrlEncoding",
    "@validateUtf8Encoding",
    "@ipMatch 127.0.0.1",
    "@unconditionalMatch",
    "@noMatch",
    "@verifyCC \\d{13,16}",
    "@rx %{tx.p}",
    "@rx ^(?:%{tx.p}|a)$",
    "@rx (?i)EV(i)l",
    "@rx select.+from",
    "@rx <[a-z]+",
    "@rxGlobal e(v)i",
    "@rx ^$",
    "@rx .",
    "@rx [^a-z]",
    "@rx (?<!x)evil(?=a|$)",
    "@rx %[0-9a-f]{2}",
    "@rx \\x00|\\xe9",
];
const ACTIONS: &[&str] = &[
    "capture",
    "multiMatch",
    "nolog",
    "deny",
    "block",
    "setvar:tx.n=+1",
    "setvar:tx.n=-1",
    "setvar:tx.p=%{MATCHED_VAR}",
    "setvar:tx.p=evil",
    "setvar:!tx.n",
    "setvar:tx.n_%{MATCHED_VAR_NAME}=1",
    "setvar:ip.n=+1",
    "initcol:ip=%{REMOTE_ADDR}",
    "skip:1",
    "skip:2",
    "skipAfter:M",
    "allow",
    "allow:phase",
    "ctl:ruleRemoveById=3-4",
    "ctl:ruleRemoveTargetById=3;ARGS:a",
    "ctl:ruleRemoveTargetByTag=t;ARGS",
    "ctl:ruleRemoveByTag=t",
    "ctl:ruleEngine=DetectionOnly",
    "ctl:requestBodyProcessor=XML",
    "ctl:requestBodyProcessor=JSON",
    "ctl:forceRequestBodyVariable=On",
    "ctl:requestBodyAccess=Off",
    "tag:t",
    "severity:2",
    "msg:'%{TX.0} %{TX.1}'",
    "logdata:'%{MATCHED_VAR} in %{MATCHED_VAR_NAME}'",
    "expirevar:ip.n=1",
    "sanitiseMatched",
];
const EDITS: &[&str] = &[
    "",
    "SecRuleUpdateTargetById 2 \"!ARGS:a\"",
    "SecRuleUpdateTargetById 2 \"REQUEST_URI\"",
    "SecRuleRemoveById 3",
    "SecRuleUpdateActionById 2 \"pass,t:none,t:lowercase\"",
    "SecRuleUpdateTargetByTag t \"!ARGS:/b/\"",
    "SecDefaultAction \"phase:2,log,deny,status:406,t:lowercase\"",
];
const RULES_MAX: usize = 8;

/// One to eight rules, chains among them.
pub(crate) fn text(choices: &mut Choices<'_>) -> String {
    let mut text = String::from("SecRuleEngine On\n");
    let edit = pick(choices, EDITS);
    if edit.starts_with("SecDefault") {
        text.push_str(edit);
        text.push('\n');
    }
    let count = 1 + choices.below(RULES_MAX);
    let mut in_chain = false;
    for id in 1..=count {
        if !in_chain && choices.one_in(6) {
            text.push_str("SecMarker M\n");
        }
        in_chain = rule(choices, &mut text, id, (in_chain, id == count));
    }
    text.push_str("SecMarker M\n");
    if !edit.starts_with("SecDefault") {
        text.push_str(edit);
        text.push('\n');
    }
    text
}

/// Whether the next rule belongs to its chain.
fn rule(
    choices: &mut Choices<'_>,
    text: &mut String,
    id: usize,
    (in_chain, is_last): (bool, bool),
) -> bool {
    let opens = !is_last && choices.one_in(5);
    let mut targets = vec![pick(choices, TARGETS)];
    while choices.one_in(2) && targets.len() < 4 {
        let list = [TARGETS, TARGETS, EXCLUDED, COUNTED][choices.below(4)];
        targets.push(pick(choices, list));
    }
    let negation = if choices.one_in(6) { "!" } else { "" };
    let operator = if choices.one_in(3) {
        // What SecLang itself reads is not the matter here.
        format!("@rx {}", MadeUp::new(choices).text().replace('%', "x"))
    } else {
        pick(choices, OPERATORS).to_owned()
    };
    let targets = targets.join("|");
    write!(text, "SecRule {targets} \"{negation}{operator}\" \"").expect("a string takes all");
    if in_chain {
        text.push_str("t:none");
    } else {
        let phase = [2, 2, 1, 2, 4, 5][choices.below(6)];
        write!(text, "id:{id},phase:{phase},t:none").expect("a string takes all");
    }
    while choices.one_in(2) {
        if let Some(transformation) = choices.pick(Transformation::ALL) {
            write!(text, ",t:{}", transformation.name()).expect("a string takes all");
        }
    }
    let mut disrupts = in_chain;
    while choices.one_in(2) {
        let action = pick(choices, ACTIONS);
        let has_place = !matches!(
            action.split(':').next(),
            Some("deny" | "block" | "allow" | "skip" | "skipAfter")
        );
        if has_place || !disrupts {
            write!(text, ",{action}").expect("a string takes all");
            disrupts |= !has_place;
        }
    }
    if !disrupts {
        text.push_str(",pass");
    }
    text.push_str(if opens { ",chain\"\n" } else { "\"\n" });
    opens
}

fn pick(choices: &mut Choices<'_>, list: &'static [&'static str]) -> &'static str {
    choices.pick(list).copied().unwrap_or_default()
}
