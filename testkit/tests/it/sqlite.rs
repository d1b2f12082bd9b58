use crate::files::unsynced;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a python script in which `bank(synchronous)` opens the database; it ends as `kill -9` ends a process.
fn python(dir: &Path, preloaded: bool, script: &str) -> Output {
    let script = format!(
        "import os, signal, sqlite3\n\
        def bank(synchronous):\n\
        \x20   db = sqlite3.connect('bank.db', isolation_level=None)\n\
        \x20   db.execute('pragma journal_mode=wal'); db.execute(f'pragma synchronous={{synchronous}}')\n\
        \x20   return db\n\
        {script}\n\
        os.kill(os.getpid(), signal.SIGKILL)"
    );
    let mut command = Command::new("python3");
    command.args(["-c", &script]).current_dir(dir);
    if preloaded {
        command.envs(unsynced().environment(dir).unwrap());
    }
    let output = command.output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).as_ref()
        ),
        (None, ""),
        "{script}"
    );
    output
}

const MAKE: &str =
    "db = bank('full'); db.execute('create table t(n)'); db.execute('insert into t values (0)')";

/// Runs each script in its own process, crashes, and asks which rows are there.
fn check(scripts: &[&str], due: &str) {
    let dir = tempfile::tempdir().unwrap();
    for script in scripts {
        python(dir.path(), true, script);
    }
    let report = unsynced().crash(dir.path()).unwrap();
    let names: Vec<_> = report
        .shared_memory_removed
        .iter()
        .filter_map(|path| path.file_name())
        .collect();
    assert_eq!(names, ["bank.db-shm"]);
    let asked = python(
        dir.path(),
        false,
        "db = bank('full'); assert db.execute('pragma integrity_check').fetchone() == ('ok',)\n\
        print([n for n, in db.execute('select n from t order by n')], flush=True)",
    );
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout).trim(),
        due,
        "{scripts:?}: {report:?}"
    );
}

#[test]
fn full_keeps_every_commit() {
    check(&[MAKE], "[0]");
    check(
        &[
            MAKE,
            "db = bank('full')\nfor n in range(1, 6): db.execute('insert into t values (?)', (n,))",
        ],
        "[0, 1, 2, 3, 4, 5]",
    );
    check(
        &[
            MAKE,
            "db = bank('full'); db.execute('insert into t values (1)'); db.execute('pragma wal_checkpoint(truncate)'); db.execute('insert into t values (2)')",
        ],
        "[0, 1, 2]",
    );
}

#[test]
fn off_and_normal_lose_what_they_never_flushed() {
    check(
        &[MAKE, "bank('off').execute('insert into t values (1)')"],
        "[0]",
    );
    check(
        &[MAKE, "bank('normal').execute('insert into t values (1)')"],
        "[0]",
    );
}

#[test]
fn an_open_transaction_is_lost() {
    check(
        &[
            MAKE,
            "db = bank('full'); db.execute('begin immediate'); db.execute('insert into t values (1)')",
        ],
        "[0]",
    );
}

#[test]
fn a_commit_that_is_flushed_makes_those_before_it_durable_whoever_made_them() {
    let off = "bank('off').execute('insert into t values (1)')";
    let full = "bank('full').execute('insert into t values (2)')";
    check(&[MAKE, off, full], "[0, 1, 2]");
    check(&[MAKE, full, off], "[0, 2]");
    check(
        &[
            MAKE,
            "one, other = bank('off'), bank('full')\none.execute('insert into t values (1)'); other.execute('insert into t values (2)'); one.execute('insert into t values (3)')",
        ],
        "[0, 1, 2]",
    );
}
