//! False positives become exclusions, each as narrow as what was observed.
//!
//! An [`Observation`] says that a rule refused something harmless: which rule, which part of the request, at which path. What is
//! proposed takes that part away from that rule, at that path when there was only one, and removes a rule only when it looked at
//! no part that could be named. Every byte of an observation may come from an attacker, since a log of refusals mostly holds
//! attacks: what is not plain is written as a pattern of escapes, so that no name or path can become a directive. Whether an
//! observation is a false positive is for a person to say.
//!
//! Rejected: proposing what a log suggests without a trial. [`aimed`] puts the payloads of attacks where the exclusion looks away,
//! because a corpus that never sends `comment` to `/articles` says nothing about an exclusion there.

mod aim;
mod observe;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};

pub use self::aim::aimed;
pub use self::observe::{Observation, observed, observed_in};
pub use self::write::written;

use self::observe::CUT;
use self::write::{condition, selector};
use crate::regression::{Request, Runner};
use crate::{Files, RuleMistake, Source};

/// Where the rules go, relative to those that they exclude from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placement {
    /// Before: a `ctl` must have run when the rule comes.
    Before,
    /// After: an update concerns rules that are there already.
    After,
}

/// One exclusion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The rule that refused what is harmless.
    pub rule: u64,
    /// What it does not look at any more, as `SecLang` writes it; `None` when the rule is removed.
    pub target: Option<String>,
    /// The only path at which it was observed; `None` when there were several.
    pub path: Option<String>,
    /// Number of observations.
    pub count: u64,
    /// Where its text goes.
    pub placement: Placement,
    /// One directive.
    pub text: String,
    /// An observed variable, for [`aimed`].
    variable: String,
}

/// What came of observations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// By rule and variable.
    pub proposals: Vec<Proposal>,
    /// What nothing is proposed for, and why; each rule and variable once.
    pub declined: Vec<(u64, String, &'static str)>,
}

/// Proposes an exclusion for each rule and part of a request. Rules that need an id get `first_id` and those after it.
pub fn propose(observations: &[Observation], first_id: u64) -> Tuning {
    let mut groups: BTreeMap<(u64, Option<String>), Group<'_>> = BTreeMap::new();
    let mut declined = BTreeSet::new();
    for one in observations {
        let target = match part(&one.variable) {
            Part::Target(target) => Some(target),
            Part::Nothing => None,
            Part::Declined(why) => {
                declined.insert((one.rule, one.variable.clone(), why));
                continue;
            }
        };
        let group = groups.entry((one.rule, target)).or_insert_with(|| Group {
            variable: own_name(&one.variable),
            paths: BTreeSet::new(),
            count: 0,
        });
        group.paths.insert(&one.path);
        group.count = group.count.saturating_add(one.count);
    }
    let mut next = first_id;
    let proposals = groups
        .into_iter()
        .map(|((rule, target), group)| group.proposal(rule, target, &mut next))
        .collect();
    Tuning {
        proposals,
        declined: declined.into_iter().collect(),
    }
}

struct Group<'a> {
    variable: &'a str,
    paths: BTreeSet<&'a str>,
    count: u64,
}

impl Group<'_> {
    fn proposal(self, rule: u64, target: Option<String>, next: &mut u64) -> Proposal {
        let only = (self.paths.len() == 1)
            .then(|| self.paths.first().copied())
            .flatten()
            .filter(|path| !path.is_empty());
        let (placement, text) = match (only, &target) {
            (Some(path), target) => {
                let id = *next;
                *next = next.saturating_add(1);
                let removal = target.as_ref().map_or_else(
                    || format!("ruleRemoveById={rule}"),
                    |target| format!("ruleRemoveTargetById={rule};{target}"),
                );
                let condition = condition(path);
                let text = format!(
                    "SecRule REQUEST_FILENAME \"{condition}\" \\\n    \
                     \"id:{id},phase:1,pass,nolog,t:none,ctl:{removal}\"\n"
                );
                (Placement::Before, text)
            }
            (None, Some(target)) => {
                let text = format!("SecRuleUpdateTargetById {rule} \"!{target}\"\n");
                (Placement::After, text)
            }
            (None, None) => (Placement::After, format!("SecRuleRemoveById {rule}\n")),
        };
        Proposal {
            rule,
            target,
            path: only.map(str::to_owned),
            count: self.count,
            placement,
            text,
            variable: self.variable.to_owned(),
        }
    }
}

/// Variables with parts that come from a request or its answer.
const PARTED: &[&str] = &[
    "ARGS",
    "ARGS_GET",
    "ARGS_GET_NAMES",
    "ARGS_NAMES",
    "ARGS_POST",
    "ARGS_POST_NAMES",
    "FILES",
    "FILES_NAMES",
    "FILES_TMP_CONTENT",
    "MULTIPART_FILENAME",
    "MULTIPART_NAME",
    "MULTIPART_PART_HEADERS",
    "REQUEST_COOKIES",
    "REQUEST_COOKIES_NAMES",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS_NAMES",
    "RESPONSE_HEADERS",
    "RESPONSE_HEADERS_NAMES",
];

/// Variables of one value that come from a request or its answer.
const WHOLE: &[&str] = &[
    "FULL_REQUEST",
    "PATH_INFO",
    "QUERY_STRING",
    "REQUEST_BASENAME",
    "REQUEST_BODY",
    "REQUEST_FILENAME",
    "REQUEST_LINE",
    "REQUEST_METHOD",
    "REQUEST_PROTOCOL",
    "REQUEST_URI",
    "REQUEST_URI_RAW",
    "RESPONSE_BODY",
];

/// In a chain the values of the first rule are seen under a name of the second.
fn own_name(variable: &str) -> &str {
    variable.strip_prefix("MATCHED_VARS:").unwrap_or(variable)
}

enum Part {
    Target(String),
    /// The rule looked at nothing that could be taken from it alone.
    Nothing,
    Declined(&'static str),
}

/// What can be taken from a rule that matched this variable.
fn part(variable: &str) -> Part {
    let variable = own_name(variable);
    if variable.ends_with(CUT) || variable.contains(char::REPLACEMENT_CHARACTER) {
        return Part::Declined("the record does not say in full what it matched");
    }
    let (collection, name) = variable
        .split_once(':')
        .map_or((variable, ""), |(collection, name)| (collection, name));
    let collection = collection.to_ascii_uppercase();
    match (collection.as_str(), name) {
        ("TX", _) => Part::Declined("it judges what other rules found; tune those"),
        ("IP" | "GLOBAL" | "RESOURCE" | "SESSION" | "USER" | "ENV" | "GEO", _) => {
            Part::Declined("it judges what is remembered of a client, not a part of the request")
        }
        ("XML", _) => Part::Target("XML:/*".to_owned()),
        (parted, "") if PARTED.contains(&parted) => Part::Target(parted.to_owned()),
        (parted, name) if PARTED.contains(&parted) => {
            Part::Target(format!("{parted}:{}", selector(name)))
        }
        (whole, "") if WHOLE.contains(&whole) => Part::Target(whole.to_owned()),
        _ => Part::Nothing,
    }
}

impl Proposal {
    /// Reads the directive beside a rule of that id.
    ///
    /// # Errors
    /// What is wrong with it; then it must not be used.
    pub fn check(&self) -> Result<(), Vec<RuleMistake>> {
        let stub = format!(
            "SecRule ARGS \"@streq x\" \"id:{},phase:2,pass\"\n",
            self.rule
        );
        let text = match self.placement {
            Placement::Before => format!("{}{stub}", self.text),
            Placement::After => format!("{stub}{}", self.text),
        };
        let source = Source {
            name: "proposal",
            text: text.as_bytes(),
        };
        crate::check(&[source], &NoFiles).map(drop)
    }
}

/// For rules that name no file, as those of a proposal.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("`{path}` is not read here"))
    }

    fn matching(&self, _pattern: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

/// Which of `requests` are blocked by the one and not by the other; their indexes.
pub fn newly_passed<'a>(
    before: &mut Runner,
    after: &mut Runner,
    requests: impl IntoIterator<Item = &'a Request>,
) -> Vec<usize> {
    requests
        .into_iter()
        .enumerate()
        .filter(|(_, request)| {
            before.transact(request, None).asks() && !after.transact(request, None).asks()
        })
        .map(|(index, _)| index)
        .collect()
}
