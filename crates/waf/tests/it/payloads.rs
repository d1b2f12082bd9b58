//! How much `libmodsecurity` with OWASP CRS at paranoia level 1 blocks: of attacks, and of what is harmless. The rule engine is
//! compared with these figures. `VAUBAN_CORPORA` names the folder of the payloads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vauban_testkit::modsec::Modsec;
use vauban_waf::replay::{self, Form, Placement, Replay};

use super::oracle;

/// A file below the corpora, how it is read, and how many values it has.
type Harmless = (&'static str, fn(Placement) -> Form, usize);

pub(crate) fn gotestwaf(corpora: &Path) -> Replay {
    let folder = corpora.join("gotestwaf/testcases");
    let mut all = Replay::default();
    for set in sorted(&folder) {
        for path in sorted(&set) {
            let name = path
                .strip_prefix(&folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let bytes = std::fs::read(&path).unwrap();
            let replay = replay::read(&name, &bytes, Form::GoTestWaf).unwrap();
            all.requests.extend(replay.requests);
            all.skipped.extend(replay.skipped);
        }
    }
    all
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Blocked and total, by whether it is an attack.
fn measure(engine: &mut Modsec, replay: &Replay) -> BTreeMap<Option<bool>, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for replayed in &replay.requests {
        let verdict = oracle::ask(engine, &replayed.request, None);
        if std::env::var_os("VAUBAN_VERBOSE").is_some() {
            println!(
                "{} {:?} {:?} {:?}",
                replayed.id, replayed.attack, verdict.status, verdict.ids
            );
        }
        let (blocked, total) = counts.entry(replayed.attack).or_default();
        *total += 1;
        *blocked += usize::from(verdict.status.is_some());
    }
    counts
}

#[test]
fn libmodsecurity_blocks_so_much() {
    let Some(corpora) = std::env::var_os("VAUBAN_CORPORA").map(PathBuf::from) else {
        println!("not run: VAUBAN_CORPORA is not set");
        return;
    };
    let Some(mut engine) = oracle::start("", false) else {
        return;
    };
    let payloads = gotestwaf(&corpora);
    for (id, reason) in &payloads.skipped {
        println!("{id}: {reason}");
    }
    let counts = measure(&mut engine, &payloads);
    println!(
        "gotestwaf: {counts:?} blocked, {} not sent",
        payloads.skipped.len()
    );
    let attacks = counts[&Some(true)].1 + payloads.skipped.len();
    assert_eq!((attacks, counts[&Some(false)].1), (681, 141));
    let harmless: [Harmless; 2] = [
        (
            "libinjection/data/false_positives.txt",
            Form::EncodedLines,
            421,
        ),
        ("debian-descriptions/benign.jsonl", Form::JsonLines, 2000),
    ];
    for (name, form, total) in harmless {
        let bytes = std::fs::read(corpora.join(name)).unwrap();
        for placement in [Placement::Query, Placement::Json] {
            let replay = replay::read(name, &bytes, form(placement)).unwrap();
            let (blocked, found) = measure(&mut engine, &replay)[&None];
            println!("{name} as {placement:?}: {blocked} of {found} blocked");
            assert_eq!(found, total);
        }
    }
}
