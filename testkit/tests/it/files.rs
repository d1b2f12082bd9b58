use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use vauban_testkit::Unsynced;

pub(crate) fn unsynced() -> &'static Unsynced {
    static SHIM: OnceLock<Unsynced> = OnceLock::new();
    SHIM.get_or_init(|| Unsynced::build().unwrap())
}

/// Runs the steps in one process, which then dies.
fn run(dir: &Path, steps: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_unsynced-writer"))
        .args(steps)
        .current_dir(dir)
        .envs(unsynced().environment(dir).unwrap())
        .status()
        .unwrap();
    assert_eq!(status.code(), None, "{steps:?} did not die as it should");
}

fn content(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read_to_string(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort_unstable();
    files
}

/// Each group of steps is one process; `due` is what the disk holds after the crash.
fn check(processes: &[&[&str]], undone: u64, due: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("old"), "0123456789").unwrap();
    for steps in processes {
        run(dir.path(), steps);
    }
    let report = unsynced().crash(dir.path()).unwrap();
    let due: Vec<_> = due
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(content(dir.path()), due, "{processes:?}: {report:?}");
    assert_eq!(report.writes_undone(), undone, "{processes:?}: {report:?}");
    let again = unsynced().crash(dir.path()).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::NotFound, "undone twice");
}

#[test]
fn what_was_flushed_stays_and_what_was_not_is_gone() {
    let old = ("old", "0123456789");
    check(&[&["f:make:kept", "f:sync"]], 0, &[("f", "kept"), old]);
    check(&[&["f:make:kept", "f:sync-data"]], 0, &[("f", "kept"), old]);
    check(&[&["f:make:lost"]], 1, &[("f", ""), old]);
    check(
        &[&["f:make:kept", "f:sync", "f:append:lost"]],
        1,
        &[("f", "kept"), old],
    );
    check(
        &[&[
            "f:append:one",
            "f:append:two",
            "f:sync",
            "f:append:x",
            "f:append:y",
        ]],
        2,
        &[("f", "onetwo"), old],
    );
    check(&[&["old:at:3:xyz"]], 1, &[old]);
    check(
        &[&["old:at:3:xyz", "old:sync"]],
        0,
        &[("old", "012xyz6789")],
    );
    check(
        &[&["old:at:3:xyz", "old:sync", "old:at:4:!", "old:at:0:ABCD"]],
        2,
        &[("old", "012xyz6789")],
    );
    check(&[&["old:at:8:longer"]], 1, &[old]);
    check(&[&["old:at:20:far"]], 1, &[old]);
    check(&[&["old:length:4"]], 1, &[old]);
    check(&[&["old:length:4", "old:sync"]], 0, &[("old", "0123")]);
    check(
        &[&["old:length:4", "old:append:new", "old:length:100"]],
        3,
        &[old],
    );
    check(&[&["old:make:other"]], 2, &[old]);
    check(&[&["old:make:other", "old:sync"]], 0, &[("old", "other")]);
}

#[test]
fn a_flush_counts_for_its_file_and_for_every_process() {
    let old = ("old", "0123456789");
    check(&[&["f:make:lost", "old:sync"]], 1, &[("f", ""), old]);
    check(&[&["f:make:kept"], &["f:sync"]], 0, &[("f", "kept"), old]);
    check(
        &[&["f:make:kept"], &["f:append:+", "f:sync"], &["f:append:-"]],
        1,
        &[("f", "kept+"), old],
    );
    check(
        &[&["old:at:0:a"], &["old:at:0:b"], &["old:at:0:c"]],
        3,
        &[old],
    );
}

#[test]
fn a_file_is_followed_under_its_new_name_and_forgotten_when_it_is_gone() {
    check(
        &[&["old:append:lost", "old:rename:new"]],
        1,
        &[("new", "0123456789")],
    );
    check(
        &[&["f:make:kept", "f:sync", "f:rename:old"]],
        0,
        &[("old", "kept")],
    );
    check(&[&["f:make:lost", "f:rename:old"]], 1, &[("old", "")]);
    check(
        &[&["f:make:x", "f:remove", "g:make:y", "g:sync"]],
        0,
        &[("g", "y"), ("old", "0123456789")],
    );
}

#[test]
fn a_large_write_is_undone_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large");
    let before: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(&file, &before).unwrap();
    run(
        dir.path(),
        &[
            &format!("large:at:1000:{}", "x".repeat(120_000)),
            "large:length:5",
        ],
    );
    assert_eq!(std::fs::read(&file).unwrap().len(), 5);
    unsynced().crash(dir.path()).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn files_elsewhere_pipes_and_sockets_are_left_alone() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let outside = elsewhere.path().join("f");
    run(dir.path(), &[&format!("{}:make:kept", outside.display())]);
    let script = "import os, socket, sys\n\
        a, b = socket.socketpair(); a.sendall(b'so'); os.write(a.fileno(), b'cket')\n\
        print(b.recv(9).decode(), sys.stdin.readline().strip(), end='')";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .envs(unsynced().environment(dir.path()).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"pipe\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "socket pipe");
    let report = unsynced().crash(dir.path()).unwrap();
    assert_eq!(report, vauban_testkit::Report::default());
    assert_eq!(std::fs::read_to_string(outside).unwrap(), "kept");
}

#[test]
fn nothing_is_undone_while_a_process_lives() {
    let dir = tempfile::tempdir().unwrap();
    let script = "import sys\nf = open('f', 'w'); f.write('x'); f.flush(); print('written', flush=True); sys.stdin.read()";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .current_dir(dir.path())
        .envs(unsynced().environment(dir.path()).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let busy = unsynced().crash(dir.path()).unwrap_err();
    assert_eq!(busy.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(content(dir.path()), [("f".to_owned(), "x".to_owned())]);
    child.kill().unwrap();
    child.wait().unwrap();
    unsynced().crash(dir.path()).unwrap();
    assert_eq!(content(dir.path()), [("f".to_owned(), String::new())]);
}

#[test]
fn processes_that_write_at_once_and_are_killed_at_once_lose_only_what_was_not_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let script = "import os, sys\n\
        f = os.open('log', os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n\
        for n in range(100000):\n\
        \x20   os.write(f, f'{sys.argv[1]}{n}\\n'.encode())\n\
        \x20   if n % 3 == 0: os.fdatasync(f); os.write(1, f'{n}\\n'.encode())";
    let mut children: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            Command::new("python3")
                .args(["-c", script, name])
                .current_dir(dir.path())
                .envs(unsynced().environment(dir.path()).unwrap())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut outputs: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()).lines())
        .collect();
    for _ in 0..20 {
        for output in &mut outputs {
            output.next().unwrap().unwrap();
        }
    }
    for child in &mut children {
        child.kill().unwrap();
    }
    for child in &mut children {
        child.wait().unwrap();
    }
    unsynced().crash(dir.path()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("log")).unwrap();
    for (name, output) in ["a", "b", "c"].iter().zip(outputs) {
        let flushed: u32 = output
            .last()
            .map_or(57, |line| line.unwrap().parse().unwrap());
        let of_this: Vec<&str> = text.lines().filter(|line| line.starts_with(name)).collect();
        let due: Vec<String> = (0..of_this.len()).map(|n| format!("{name}{n}")).collect();
        assert_eq!(of_this, due, "`{name}` has a hole");
        assert!(
            of_this.len() > flushed as usize,
            "`{name}` lost what it flushed: {flushed}"
        );
    }
    assert!(text.ends_with('\n'));
}
