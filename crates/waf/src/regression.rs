//! The regression tests of OWASP CRS as data: read, turned into requests, judged.
//!
//! Both forms are read: that of CRS 3 and 4.0 (`test_title`, `log_contains: id "942100"`) and that of CRS 4.1 and later
//! (`rule_id`, `test_id`, `output.log.expect_ids`). What a test client would put on the wire is worked out here (its defaults,
//! the headers it completes, the encoding it applies), and taken apart again as a server would, but without a server's
//! objections: odd methods, targets and versions stay as they are.
//!
//! Rejected: sending the requests to a server. A server refuses some of them before any rule sees them, and then the outcome
//! says nothing about the rules.

mod client;
mod expectation;
mod ledger;
mod message;
mod reflect;
mod run;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod yaml;

pub(crate) use client::query_escape;
pub use expectation::{Expectation, Observed, Outcome};
pub use ledger::{Ledger, LedgerEntry, LedgerMistake};
pub use message::{Request, Response};
pub use reflect::reflected;
pub use run::Runner;

use yaml::Node;

/// The setup under which the tests of CRS 3.3 and 4 are meant to run, to be loaded after `crs-setup.conf` and before the rules:
/// detection only, paranoia level 4, the limits that tests exceed.
pub const SETUP: &str = include_str!("regression/setup.conf");

/// Like the stock `modsecurity.conf`, as far as it decides what rules see: body access, the choice of a body's reader, limits.
/// `SecRuleEngine On`; [`SETUP`] turns it into detection only.
pub const ENGINE: &str = include_str!("regression/engine.conf");

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// For example `942100-3`. A title that occurs again in its file gets ` #2`.
    pub id: String,
    /// The name under which the file was read.
    pub file: String,
    /// In order; never empty.
    pub stages: Vec<Stage>,
    /// False when the file's `meta` says so.
    pub enabled: bool,
}

/// One request and what is expected of it. A stage of the file with several `uris` becomes as many.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What is sent.
    pub request: Request,
    /// What the test tells the backend to answer; where it tells nothing, see [`reflected`].
    pub told: Option<Response>,
    /// What should come of it.
    pub expectation: Expectation,
}

/// A file of tests that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct RegressionMistake {
    /// The name under which the file was read.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Stage {
    /// What the backend answers.
    pub fn response(&self) -> Response {
        let told = self.told.clone();
        told.unwrap_or_else(|| reflected(&self.request))
    }
}

impl Case {
    /// Whether an engine without a server around it can be judged by this case: it is enabled, and each stage names rules.
    ///
    /// # Errors
    /// Why not.
    pub fn checkable(&self) -> Result<(), &'static str> {
        if !self.enabled {
            return Err("its file is disabled");
        }
        self.stages
            .iter()
            .try_for_each(|stage| stage.expectation.checkable())
    }
}

/// Reads one file of tests; a file without tests has none.
///
/// # Errors
/// The first thing that is not as either form has it.
pub fn read(name: &str, text: &str) -> Result<Vec<Case>, RegressionMistake> {
    let Some(root) = yaml::parse(name, text)? else {
        return Ok(Vec::new());
    };
    let mistake = |node: &Node, what: &str| RegressionMistake {
        file: name.to_owned(),
        line: node.line,
        what: what.to_owned(),
    };
    let rule = root.text("rule_id");
    // The newer form has replaced `enabled` by lists of the platforms, and its client ignores it.
    let meta = root.get("meta").filter(|_| rule.is_none());
    let enabled = meta.and_then(|meta| meta.truth("enabled"));
    let mut cases: Vec<Case> = Vec::new();
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    let tests = root.get("tests").map_or(&[][..], Node::items);
    for (index, test) in tests.iter().enumerate() {
        let title =
            title(test, rule, index + 1).ok_or_else(|| mistake(test, "a test without a title"))?;
        let mut stages = Vec::new();
        for item in test.get("stages").map_or(&[][..], Node::items) {
            stages.extend(self::stages(item).map_err(|what| mistake(item, what))?);
        }
        if stages.is_empty() {
            return Err(mistake(test, "a test without stages"));
        }
        let count = seen.entry(title.clone()).or_default();
        *count += 1;
        cases.push(Case {
            id: match count {
                1 => title,
                count => format!("{title} #{count}"),
            },
            file: name.to_owned(),
            stages,
            enabled: enabled.unwrap_or(true),
        });
    }
    Ok(cases)
}

/// `number` is the place of the test in its file, for one that has no `test_id`.
fn title(test: &Node, rule: Option<&str>, number: usize) -> Option<String> {
    match (test.text("test_title"), rule, test.text("test_id")) {
        (Some(title), _, _) => Some(title.to_owned()),
        (None, Some(rule), Some(number)) => Some(format!("{rule}-{number}")),
        (None, Some(rule), None) => Some(format!("{rule}-{number}")),
        (None, None, _) => None,
    }
}

fn stages(item: &Node) -> Result<Vec<Stage>, &'static str> {
    let stage = item.get("stage").unwrap_or(item);
    let input = stage.get("input").ok_or("a stage without `input`")?;
    let output = stage.get("output").ok_or("a stage without `output`")?;
    let expectation = Expectation::read(output)?;
    let told = input.get("response").map(reflect::told).transpose()?;
    let requests = client::requests(input)?;
    Ok(requests
        .into_iter()
        .map(|request| Stage {
            request,
            told: told.clone(),
            expectation: expectation.clone(),
        })
        .collect())
}
