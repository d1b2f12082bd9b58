use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;
use vauban_testkit::process::Process;

const LIMIT: Duration = Duration::from_secs(30);
/// For what must not happen: long enough to notice, short enough to wait for.
const BRIEF: Duration = Duration::from_millis(50);

fn shell(script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::spawn(command).unwrap()
}

fn is_alive(pid: &str) -> bool {
    // A killed process may wait to be reaped by init; it is gone all the same.
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn output_is_captured_and_lines_are_handed_out_in_order() {
    let mut child =
        shell("echo one; echo two; echo oops >&2; read answer; echo got $answer; printf end");
    assert_eq!(child.line(LIMIT).unwrap(), "one\n");
    assert_eq!(child.line(LIMIT).unwrap(), "two\n");
    assert_eq!(child.wait_for("oops", LIMIT).unwrap(), "oops\n");
    child.say("fine\n").unwrap();
    assert_eq!(child.line(LIMIT).unwrap(), "got fine\n");
    assert!(child.wait(LIMIT).unwrap().success());
    assert_eq!(child.stdout(), "one\ntwo\ngot fine\nend");
    assert_eq!(child.stderr(), "oops\n");
    assert_eq!(child.line(LIMIT).unwrap(), "end");
    let error = child.line(LIMIT).unwrap_err().to_string();
    assert_eq!(
        error,
        "waited in vain for a line; stdout: one\ntwo\ngot fine\nend; stderr: oops\n"
    );
}

#[test]
fn waiting_ends() {
    let child = shell("echo here; read forever");
    child.line(LIMIT).unwrap();
    for error in [
        child.line(BRIEF).unwrap_err(),
        child.wait_for("there", BRIEF).unwrap_err(),
        child.wait(BRIEF).unwrap_err(),
    ] {
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "{error}");
    }
    // A stream that ended is not waited for, however long the limit.
    let ended = shell("true")
        .wait_for("ready", Duration::from_hours(1))
        .unwrap_err();
    assert_eq!(
        ended.to_string(),
        "waited in vain for `ready`; stdout: ; stderr: "
    );
}

#[test]
fn a_hang_up_ends_the_input() {
    let mut child = shell("cat; echo ended");
    child.say("a\n").unwrap();
    child.hang_up();
    assert!(child.wait(LIMIT).unwrap().success());
    assert_eq!(child.stdout(), "a\nended\n");
    assert_eq!(
        child.say("b\n").unwrap_err().kind(),
        std::io::ErrorKind::BrokenPipe
    );
}

#[test]
fn the_end_is_reported_as_it_was() {
    let check = |script: &str, end: &dyn Fn(&Process), code: Option<i32>, signal: Option<i32>| {
        let child = shell(script);
        child.wait_for("ready", LIMIT).unwrap();
        end(&child);
        let status = child.wait(LIMIT).unwrap();
        assert_eq!((status.code(), status.signal()), (code, signal), "{script}");
    };
    check("echo ready; exit 3", &|_| (), Some(3), None);
    check(
        "echo ready; read forever",
        &|child| child.terminate().unwrap(),
        None,
        Some(15),
    );
    check(
        "trap 'exit 7' TERM; echo ready; while :; do read x; done",
        &|child| child.terminate().unwrap(),
        Some(7),
        None,
    );
    check(
        "trap '' TERM; echo ready; read forever",
        &|child| assert!(!child.kill().unwrap().success()),
        None,
        Some(9),
    );
}

#[test]
fn nothing_of_a_dropped_process_is_left() {
    let child = shell("sleep 1000 & echo $!; echo $$; wait");
    let pids = [child.line(LIMIT).unwrap(), child.line(LIMIT).unwrap()];
    assert!(pids.iter().all(|pid| is_alive(pid)), "{pids:?}");
    drop(child);
    assert!(!is_alive(&pids[1]), "the child lives");
    // The grandchild dies at once as well, but init has to notice nothing for that: its state says so.
    while is_alive(&pids[0]) {
        std::thread::yield_now();
    }
}

#[test]
fn a_killed_parent_leaves_its_children_to_the_test() {
    let child = shell("sleep 1000 & echo $!; wait");
    let grandchild = child.line(LIMIT).unwrap();
    child.signal(rustix::process::Signal::KILL).unwrap();
    assert!(!child.wait(BRIEF).unwrap().success());
    assert!(
        is_alive(&grandchild),
        "a crash of the parent killed its child"
    );
}
