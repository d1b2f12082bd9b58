//! `libmodsecurity` against the regression tests of OWASP CRS: the reader of the tests, the setup and the oracle are right when
//! the library that the rules are written for passes all but the cases that `conformance/crs/libmodsecurity.toml` explains.
//!
//! `VAUBAN_CRS_TESTS` names the folder of the tests, as `apt-get source modsecurity-crs` unpacks it
//! (`tests/regression/tests`); `VAUBAN_UNICODE_MAPPING` the file `unicode.mapping` of the sources of `modsecurity`.

use std::path::{Path, PathBuf};

use vauban_testkit::modsec::{
    Modsec, Rules, Transaction, TransactionResponse, Verdict, debian_rules,
};
use vauban_waf::regression::{self, Case, Ledger, Observed, Outcome, Request, Response};

const LEDGER: &str = include_str!("../../../../conformance/crs/libmodsecurity.toml");

/// Files with tests below a folder, in their order.
fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
}

pub(crate) fn cases() -> Option<Vec<Case>> {
    let folder = PathBuf::from(std::env::var_os("VAUBAN_CRS_TESTS")?);
    let mut files = Vec::new();
    yaml_files(&folder, &mut files);
    let mut cases = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        cases.extend(regression::read(&name, &text).unwrap());
    }
    Some(cases)
}

/// The settings of both engines, with the code page that CRS's tests expect where it is at hand.
pub(crate) fn engine() -> String {
    let engine = regression::ENGINE;
    match std::env::var_os("VAUBAN_UNICODE_MAPPING") {
        Some(map) => format!("{engine}\nSecUnicodeMapFile {} 20127\n", map.display()),
        None => engine.to_owned(),
    }
}

/// What the library says of a request, and of the answer to it.
pub(crate) fn ask(engine: &mut Modsec, request: &Request, response: Option<&Response>) -> Verdict {
    let transaction = Transaction {
        method: &request.method,
        target: &request.target,
        version: &request.version,
        client: "127.0.0.1",
        headers: &request.headers,
        body: &request.body,
        response: response.map(|response| TransactionResponse {
            status: response.status,
            headers: &response.headers,
            body: &response.body,
        }),
    };
    engine.judge(&transaction).unwrap()
}

/// What did not pass is what the ledger names, no more and no less.
#[track_caller]
pub(crate) fn hold(ledger: &str, outcomes: &[(&str, Outcome)]) {
    let mistakes = Ledger::read(ledger)
        .unwrap()
        .compare(outcomes.iter().map(|(id, outcome)| (*id, outcome)));
    let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// All of CRS's tests were run, and those that can be checked passed but for what the ledger names.
#[track_caller]
pub(crate) fn hold_all(ledger: &str, outcomes: &[(&str, Outcome)]) {
    let count =
        |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, one)| wanted(one)).count();
    let passed = count(|one| matches!(one, Outcome::Passed));
    let failed = count(|one| matches!(one, Outcome::Failed(_)));
    println!("{} cases: {passed} passed, {failed} failed", outcomes.len());
    hold(ledger, outcomes);
    assert_eq!((outcomes.len(), passed + failed), (2404, 2370));
}

pub(crate) fn start(setup: &str, timed: bool) -> Option<Modsec> {
    let Some(mut rules) = debian_rules(Rules::Text(setup.to_owned())) else {
        println!("not run: modsecurity-crs missing");
        return None;
    };
    rules.insert(0, Rules::Text(engine()));
    match Modsec::start(&rules, timed) {
        Ok(engine) => Some(engine),
        Err(error @ vauban_testkit::PartError::Missing(_)) => {
            println!("{error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn run(engine: &mut Modsec, case: &Case) -> Outcome {
    if let Err(reason) = case.checkable() {
        return Outcome::NotCheckable(reason);
    }
    for stage in &case.stages {
        let response = stage.response();
        let verdict = ask(engine, &stage.request, Some(&response));
        let observed = Observed {
            ids: &verdict.ids,
            status: None,
            lines: None,
        };
        match stage.expectation.judge(&observed) {
            Outcome::Passed => {}
            other @ (Outcome::Failed(_) | Outcome::NotCheckable(_)) => return other,
        }
    }
    Outcome::Passed
}

#[test]
fn crs_passes_under_libmodsecurity_but_for_the_ledger() {
    let Some(cases) = cases() else {
        println!("not run: VAUBAN_CRS_TESTS is not set");
        return;
    };
    let Some(mut engine) = start(regression::SETUP, false) else {
        return;
    };
    let outcomes: Vec<(&str, Outcome)> = cases
        .iter()
        .map(|case| (case.id.as_str(), run(&mut engine, case)))
        .collect();
    hold_all(LEDGER, &outcomes);
}
