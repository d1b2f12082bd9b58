use crate::sample::event;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use vauban_audit::{Folder, Limits, Log, verify};
use vauban_testkit::Unsynced;
use vauban_testkit::process::Process;

/// Set for the child only: the audit folder and the name of its life.
const FOLDER: &str = "VAUBAN_AUDIT_TEST_FOLDER";
const LIFE: &str = "VAUBAN_AUDIT_TEST_LIFE";
const WRITERS: usize = 4;
const LIVES: usize = 20;
const LIMIT: Duration = Duration::from_mins(1);

/// The child's side: four writers record for ever and say what was acknowledged. Without a folder there is no child.
#[test]
fn child() {
    let (Some(folder), Some(life)) = (std::env::var_os(FOLDER), std::env::var_os(LIFE)) else {
        return;
    };
    let life = life.into_string().unwrap();
    let limits = Limits {
        segment_bytes_max: 16_000,
        head_every: 9,
        ..Limits::default()
    };
    let medium = Box::new(Folder::at(Path::new(&folder).join("edge")));
    let (log, _writer) = Log::open_on(medium, "edge", limits).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let write = async |writer: usize| {
            for nth in 0.. {
                let id = format!("{life}-{writer}-{nth}");
                log.note(&event("edge", &format!("note-{id}"))).unwrap();
                log.record(event("edge", &id)).await.unwrap();
                println!("acknowledged {id}");
            }
        };
        tokio::join!(write(0), write(1), write(2), write(3))
    });
}

fn start(unsynced: &Unsynced, audit: &Path, life: usize) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::child", "--nocapture"]);
    command.envs(unsynced.environment(audit).unwrap());
    command.env(FOLDER, audit).env(LIFE, life.to_string());
    Process::spawn(command).unwrap()
}

fn acknowledged(stdout: &str) -> impl Iterator<Item = String> + '_ {
    // A line without its end was cut off by the kill.
    let whole = stdout
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    whole.filter_map(|line| Some(line.split_once("acknowledged ")?.1.to_owned()))
}

fn stored(audit: &Path) -> BTreeSet<String> {
    let segments = std::fs::read_dir(audit.join("edge"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    segments
        .filter(|path| path.extension() == Some(&OsString::from("seg")))
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().filter_map(decision).collect::<Vec<_>>()
        })
        .collect()
}

fn decision(line: &str) -> Option<String> {
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(record["event"]["decision"].as_str()?.to_owned())
}

/// Twenty lives of one log, each killed at another moment, each followed by the loss of all that was not flushed.
#[test]
fn no_acknowledged_event_is_lost_by_kill_and_loss_of_power() {
    let unsynced = Unsynced::build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let audit = dir.path().join("audit");
    std::fs::create_dir(&audit).unwrap();
    let (mut due, mut lost_writes) = (BTreeSet::new(), 0);
    for life in 0..LIVES {
        let child = start(&unsynced, &audit, life);
        let last = format!("acknowledged {life}-{}-{}\n", life % WRITERS, life * 3);
        child.wait_for(&last, LIMIT).unwrap();
        child.kill().unwrap();
        due.extend(acknowledged(&child.stdout()));
        lost_writes += unsynced.crash(&audit).unwrap().writes_undone();
        let report = verify(&audit).unwrap();
        assert!(
            report.is_intact(),
            "life {life}: {}",
            report.first_damage().unwrap()
        );
        let stored = stored(&audit);
        let missing: Vec<_> = due.difference(&stored).collect();
        assert!(missing.is_empty(), "life {life} lost {missing:?}");
    }
    assert!(
        due.len() > LIVES * WRITERS,
        "only {} events were acknowledged",
        due.len()
    );
    assert!(
        lost_writes > 0,
        "no kill fell between a write and its flush, so nothing was shown"
    );
}
