//! The regression tests of OWASP CRS through our own engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vauban_waf::regression::{self, Case, Outcome, Request, Runner};
use vauban_waf::replay::{self, Form, Placement};
use vauban_waf::{Mode, RuleSet, Source, Strategy};

use crate::oracle::{self, cases};
use crate::payloads::gotestwaf;
use crate::seclang::Disk;

const LEDGER: &str = include_str!("../../../../conformance/crs/vauban.toml");
const DECISIONS: &str = include_str!("../../../../conformance/crs/decisions.toml");

const RULES: &str = "/usr/share/modsecurity-crs/rules";

/// CRS of Debian between our engine settings and `setup`.
pub(crate) fn crs(setup: &str) -> Option<Arc<RuleSet>> {
    if !Path::new(RULES).exists() {
        println!("not run: modsecurity-crs missing");
        return None;
    }
    let rules =
        format!("Include /etc/modsecurity/crs/crs-setup.conf\n{setup}\nInclude {RULES}/*.conf\n");
    Some(load(&oracle::engine(), &rules))
}

/// Rules behind engine settings.
pub(crate) fn load(engine: &str, rules: &str) -> Arc<RuleSet> {
    let sources = [("/engine.conf", engine), ("/rules.conf", rules)].map(|(name, text)| Source {
        name,
        text: text.as_bytes(),
    });
    let rules = RuleSet::load(&sources, &Disk).unwrap_or_else(|mistakes| {
        let listed: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", listed.join("\n"))
    });
    Arc::new(rules)
}

fn outcomes<'a>(
    cases: &'a [Case],
    rules: &Arc<RuleSet>,
    strategy: Strategy,
) -> Vec<(&'a str, Outcome)> {
    let mut runner = Runner::new(rules, Mode::AsConfigured, strategy);
    cases
        .iter()
        .map(|case| (case.id.as_str(), runner.judge(case)))
        .collect()
}

#[test]
fn crs_passes_but_for_the_ledger() {
    let Some(cases) = cases() else {
        println!("not run: VAUBAN_CRS_TESTS is not set");
        return;
    };
    let Some(rules) = crs(regression::SETUP) else {
        return;
    };
    println!("{:?}", rules.figures());
    let outcomes = outcomes(&cases, &rules, Strategy::Indexed);
    oracle::hold_all(LEDGER, &outcomes);
}

/// Every request that is at hand: CRS's tests, payloads of attackers, harmless texts.
fn requests() -> Vec<(String, Request)> {
    let mut all = Vec::new();
    for case in cases().unwrap_or_default() {
        for stage in case.stages {
            all.push((case.id.clone(), stage.request));
        }
    }
    if let Some(corpora) = std::env::var_os("VAUBAN_CORPORA") {
        let corpora = PathBuf::from(corpora);
        let mut replays = gotestwaf(&corpora).requests;
        for placement in [Placement::Query, Placement::Json] {
            let name = "debian-descriptions/benign.jsonl";
            let bytes = std::fs::read(corpora.join(name)).unwrap();
            let form = Form::JsonLines(placement);
            replays.extend(
                replay::read(name, &bytes, form)
                    .unwrap()
                    .requests
                    .into_iter()
                    .take(300),
            );
        }
        all.extend(replays.into_iter().map(|one| (one.id, one.request)));
    }
    all
}

#[test]
fn the_filter_changes_nothing() {
    let requests = requests();
    for setup in [regression::SETUP, ""] {
        let Some(rules) = crs(setup) else {
            return;
        };
        let mut fast = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
        let mut slow = Runner::new(&rules, Mode::AsConfigured, Strategy::Exhaustive);
        for (id, request) in &requests {
            let response = regression::reflected(request);
            assert_eq!(
                fast.transact(request, Some(&response)),
                slow.transact(request, Some(&response)),
                "{id}"
            );
        }
        println!("{} requests", requests.len());
    }
}

/// What each engine does with the requests of CRS's tests when it blocks, at paranoia level 1.
#[test]
fn decisions_are_those_of_libmodsecurity_but_for_the_ledger() {
    let Some(cases) = cases() else {
        println!("not run: VAUBAN_CRS_TESTS is not set");
        return;
    };
    let (Some(rules), Some(mut theirs)) = (crs(""), oracle::start("", false)) else {
        return;
    };
    let mut ours = Runner::new(&rules, Mode::AsConfigured, Strategy::Indexed);
    let mut outcomes = Vec::new();
    for case in &cases {
        for stage in &case.stages {
            let request = &stage.request;
            let verdict = oracle::ask(&mut theirs, request, None);
            let report = ours.transact(request, None);
            let own = report.intervention.as_ref().map(|one| one.status);
            let outcome = if own == verdict.status {
                Outcome::Passed
            } else {
                let ids: Vec<u64> = report.findings.iter().map(|one| one.rule).collect();
                Outcome::Failed(format!(
                    "ours {own:?} {ids:?}, libmodsecurity {:?} {:?}",
                    verdict.status, verdict.ids
                ))
            };
            outcomes.push((case.id.as_str(), outcome));
        }
    }
    let same = outcomes
        .iter()
        .filter(|(_, one)| *one == Outcome::Passed)
        .count();
    println!("{} requests, {same} decided alike", outcomes.len());
    oracle::hold(DECISIONS, &outcomes);
}
