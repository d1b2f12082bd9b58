//! The regression tests of OWASP CRS through our own engine.

use std::path::Path;
use std::sync::Arc;

use vauban_waf::regression::{self, Case, Outcome, Runner};
use vauban_waf::{Mode, RuleSet, Source, Strategy};

use crate::oracle::cases;
use crate::seclang::Disk;

const RULES: &str = "/usr/share/modsecurity-crs/rules";

/// CRS of Debian between our engine settings and `setup`.
pub(crate) fn crs(setup: &str) -> Option<Arc<RuleSet>> {
    if !Path::new(RULES).exists() {
        println!("not run: modsecurity-crs missing");
        return None;
    }
    let mut engine = regression::ENGINE.to_owned();
    if let Some(map) = std::env::var_os("VAUBAN_UNICODE_MAPPING") {
        engine = format!("{engine}\nSecUnicodeMapFile {} 20127\n", map.display());
    }
    let rules =
        format!("Include /etc/modsecurity/crs/crs-setup.conf\n{setup}\nInclude {RULES}/*.conf\n");
    let sources = [
        Source {
            name: "/engine.conf",
            text: engine.as_bytes(),
        },
        Source {
            name: "/crs.conf",
            text: rules.as_bytes(),
        },
    ];
    match RuleSet::load(&sources, &Disk) {
        Ok(rules) => Some(Arc::new(rules)),
        Err(mistakes) => panic!(
            "{}",
            mistakes
                .iter()
                .map(|one| format!("{one}\n"))
                .collect::<String>()
        ),
    }
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
    let passed = outcomes
        .iter()
        .filter(|(_, one)| matches!(one, Outcome::Passed))
        .count();
    let failed: Vec<String> = outcomes
        .iter()
        .filter_map(|(id, one)| match one {
            Outcome::Failed(why) => Some(format!("{id}: {why}")),
            Outcome::Passed | Outcome::NotCheckable(_) => None,
        })
        .collect();
    println!(
        "{passed} passed, {} failed\n{}",
        failed.len(),
        failed.join("\n")
    );
}
