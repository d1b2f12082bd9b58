//! What is blocked of attacks and of harmless texts: CRS as shipped under both engines, our default profile, our baseline alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vauban_testkit::modsec::Modsec;
use vauban_waf::regression::{self, Request, Runner};
use vauban_waf::replay::{self, Form, Placement};
use vauban_waf::{Mode, RuleSet, Strategy};

use crate::payloads::gotestwaf;
use crate::{crs, oracle};

const BASELINE: &str = include_str!("../../rules/baseline.conf");
const BEFORE: &str = include_str!("../../rules/default-profile-before.conf");
const AFTER: &str = include_str!("../../rules/default-profile-after.conf");

/// Our rules alone, or around CRS.
fn load(text: &str) -> Arc<RuleSet> {
    let engine = format!("{}\nSecRuleEngine On\n", regression::ENGINE);
    crs::load(&engine, text)
}

/// A set of requests, the most that our profile may block of it, and whether it is one of attacks.
struct Set {
    name: &'static str,
    requests: Vec<Request>,
    attacks: bool,
    blocked_max: usize,
}

fn sets(corpora: &Path) -> Vec<Set> {
    let (attacks, harmless): (Vec<_>, Vec<_>) = gotestwaf(corpora)
        .requests
        .into_iter()
        .partition(|one| one.attack == Some(true));
    let requests = |all: Vec<replay::Replayed>| all.into_iter().map(|one| one.request).collect();
    let mut sets = vec![
        Set {
            name: "gotestwaf, attacks",
            requests: requests(attacks),
            attacks: true,
            blocked_max: usize::MAX,
        },
        Set {
            name: "gotestwaf, harmless",
            requests: requests(harmless),
            attacks: false,
            blocked_max: 5,
        },
    ];
    for placement in [Placement::Query, Placement::Json] {
        let (first, second) = match placement {
            Placement::Query => ("libinjection, harmless, query", "Debian texts, query"),
            Placement::Json => ("libinjection, harmless, JSON", "Debian texts, JSON"),
        };
        for (name, file, form, blocked_max) in [
            (
                first,
                "libinjection/data/false_positives.txt",
                Form::EncodedLines(placement),
                15,
            ),
            (
                second,
                "debian-descriptions/benign.jsonl",
                Form::JsonLines(placement),
                20,
            ),
        ] {
            let bytes = std::fs::read(corpora.join(file)).unwrap();
            sets.push(Set {
                name,
                requests: requests(replay::read(file, &bytes, form).unwrap().requests),
                attacks: false,
                blocked_max,
            });
        }
    }
    sets
}

fn ours(rules: &Arc<RuleSet>, requests: &[Request]) -> usize {
    let mut runner = Runner::new(rules, Mode::Block, Strategy::Indexed);
    requests
        .iter()
        .filter(|request| runner.transact(request, None).intervention.is_some())
        .count()
}

fn theirs(engine: &mut Modsec, requests: &[Request]) -> usize {
    requests
        .iter()
        .filter(|request| oracle::ask(engine, request, None).status.is_some())
        .count()
}

#[test]
fn the_profile_blocks_attacks_and_lets_texts_pass() {
    let Some(corpora) = std::env::var_os("VAUBAN_CORPORA").map(PathBuf::from) else {
        println!("not run: VAUBAN_CORPORA is not set");
        return;
    };
    let (Some(shipped), Some(mut library)) = (crs::crs(""), oracle::start("", false)) else {
        return;
    };
    let setup = "/etc/modsecurity/crs/crs-setup.conf";
    let profile = load(&format!(
        "{BASELINE}\n{BEFORE}\nInclude {setup}\nInclude /usr/share/modsecurity-crs/rules/*.conf\n{AFTER}"
    ));
    let baseline = load(BASELINE);
    println!(
        "{:<30} {:>6} {:>15} {:>15} {:>9} {:>9}",
        "blocked", "of", "libmodsecurity", "CRS as shipped", "profile", "baseline"
    );
    for set in sets(&corpora) {
        let peer = theirs(&mut library, &set.requests);
        let counts = [&shipped, &profile, &baseline].map(|rules| ours(rules, &set.requests));
        println!(
            "{:<30} {:>6} {peer:>15} {:>15} {:>9} {:>9}",
            set.name,
            set.requests.len(),
            counts[0],
            counts[1],
            counts[2]
        );
        if set.attacks {
            assert!(counts[0] >= peer && counts[1] >= peer, "{}", set.name);
        } else {
            assert!(counts[0] <= peer, "{}: as shipped", set.name);
            assert!(counts[1] <= set.blocked_max, "{}: profile", set.name);
        }
    }
}
