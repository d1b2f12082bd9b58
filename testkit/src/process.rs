//! Child processes: captured output, a line that says they are ready, and an end that always comes.

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A child that leads its own process group. Dropping it kills the group and waits.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: Pid,
    stdin: Option<ChildStdin>,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stdout: Vec<String>,
    stderr: Vec<String>,
    /// How many lines [`Process::line`] has handed out.
    read: usize,
    open_streams: u8,
    exited: bool,
    /// How it ended, unless the system did not say.
    status: Option<ExitStatus>,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait(&self, limit: Duration, mut more: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), limit, |state| more(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Process {
    /// Starts the command with all three streams piped.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let pid = Pid::from_child(&child);
        let seen = Arc::new(Seen::default());
        seen.lock().open_streams = 2;
        if let Some(stdout) = child.stdout.take() {
            capture(stdout, Arc::clone(&seen), |state, line| {
                state.stdout.push(line);
            });
        }
        if let Some(stderr) = child.stderr.take() {
            capture(stderr, Arc::clone(&seen), |state, line| {
                state.stderr.push(line);
            });
        }
        let watching = Arc::clone(&seen);
        thread::spawn(move || {
            let status = watch(pid);
            watching.change(|state| {
                state.status = status;
                state.exited = true;
            });
        });
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            pid,
            stdin,
            seen,
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to the child's standard input.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(text.as_bytes())?;
        stdin.flush()
    }

    /// Ends the child's standard input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// The next line of standard output that was not handed out yet.
    pub fn line(&self, limit: Duration) -> io::Result<String> {
        let mut state = self.seen.wait(limit, |state| {
            state.read >= state.stdout.len() && state.open_streams > 0
        });
        let line = state.stdout.get(state.read).cloned();
        state.read += 1;
        line.ok_or_else(|| missing("a line", &state))
    }

    /// Waits for the first line, on either stream, that contains `needle`, and returns it. Readiness, usually.
    pub fn wait_for(&self, needle: &str, limit: Duration) -> io::Result<String> {
        let find = |state: &State| {
            let mut lines = state.stdout.iter().chain(&state.stderr);
            lines.find(|line| line.contains(needle)).cloned()
        };
        let state = self.seen.wait(limit, |state| {
            find(state).is_none() && state.open_streams > 0
        });
        find(&state).ok_or_else(|| missing(&format!("`{needle}`"), &state))
    }

    /// All of standard output so far.
    pub fn stdout(&self) -> String {
        self.seen.lock().stdout.concat()
    }

    /// All of standard error so far.
    pub fn stderr(&self) -> String {
        self.seen.lock().stderr.concat()
    }

    /// Kills the child alone, as a crash would: no warning, no clean-up. Returns when it is gone and its output is read.
    pub fn kill(&self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.wait(Duration::from_secs(30))
    }

    /// Asks the child to end.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Sends a signal. The id stays the child's own until this is dropped.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(self.pid, signal)?)
    }

    /// Waits until the child has ended and what it wrote is read.
    pub fn wait(&self, limit: Duration) -> io::Result<ExitStatus> {
        let state = self.seen.wait(limit, |state| !state.exited);
        if !state.exited {
            return Err(missing("the end", &state));
        }
        let status = state.status;
        drop(state);
        // What it wrote before is still in the pipes; a grandchild may hold them open, so not for ever.
        drop(self.seen.wait(limit, |state| state.open_streams > 0));
        status.ok_or_else(|| io::Error::other("the system did not say how the process ended"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The leader is reaped only afterwards, so the group's id cannot be anybody else's yet.
        kill_process_group(self.pid, Signal::KILL).unwrap_or_default();
        drop(self.child.wait());
    }
}

/// Waits for the end without reaping.
fn watch(pid: Pid) -> Option<ExitStatus> {
    loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        ) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) | Ok(None) => return None,
            Ok(Some(info)) => {
                let code = info.exit_status().map(|code| code << 8);
                return code
                    .or_else(|| info.terminating_signal())
                    .map(ExitStatus::from_raw);
            }
        }
    }
}

fn capture(stream: impl Read + Send + 'static, seen: Arc<Seen>, keep: fn(&mut State, String)) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            seen.change(|state| keep(state, text));
            line.clear();
        }
        seen.change(|state| state.open_streams -= 1);
    });
}

fn missing(what: &str, state: &State) -> io::Error {
    let (stdout, stderr) = (state.stdout.concat(), state.stderr.concat());
    let text = format!("waited in vain for {what}; stdout: {stdout}; stderr: {stderr}");
    io::Error::new(io::ErrorKind::TimedOut, text)
}
