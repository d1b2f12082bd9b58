//! Starts each line as a child process, keeps it running, and ends all of them in order.
//!
//! The supervisor binds every listening socket and hands it down, so no port is guessed, nobody else can take it between
//! choice and use, and a line that dies leaves its clients waiting in the kernel's queue instead of refused. A child holds
//! the read end of a pipe whose other end is here: when this process ends, however it ends, the children see it and stop.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use command_fds::{CommandFdExt as _, FdMapping};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) mod members;

/// Word that a child prints on standard output when it serves.
pub(crate) const READY: &str = "ready";

/// How long a child may take to say [`READY`]: password hashing is tuned at start on a slow machine.
const READY_TIME: Duration = Duration::from_mins(1);

/// How long a child may take to drain.
const DRAIN_TIME: Duration = Duration::from_secs(15);

/// First pause before a child is started again; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// Longest pause before a child is started again.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A child that ran this long is started again without the pauses that an earlier series of failures had grown to.
const STEADY_TIME: Duration = Duration::from_secs(10);

/// Exit codes with which a child says that starting it again will not help.
const HOPELESS: [i32; 2] = [2, 3];

/// One child process, as it is to be started.
#[derive(Debug)]
pub(crate) struct Member {
    /// Unique name, as in the state directory: `edge`, `guard-accounts`, `service-images`.
    pub(crate) name: String,
    /// Arguments after the program's name.
    pub(crate) arguments: Vec<OsString>,
    /// Sockets handed down, by listener name.
    pub(crate) sockets: Vec<(String, TcpListener)>,
    /// SPIFFE id for which it gets a join token at each start.
    pub(crate) spiffe: Option<String>,
}

/// Binds a listener's address; with port 0 the system chooses.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let socket =
        TcpListener::bind(address).with_context(|| format!("could not listen on `{address}`"))?;
    let bound = socket.local_addr().context("bound address")?;
    Ok((socket, bound))
}

/// What a keeper is told.
#[derive(Debug)]
enum Order {
    /// To have the child read again what it can.
    ReadAgain,
    /// To end the child.
    Stop,
}

/// Makes a fresh join token for a SPIFFE id and leaves it where the child looks for it.
pub(crate) trait Admit: Send + Sync {
    /// Called before each start of a member that has a SPIFFE id.
    fn admit(&self, name: &str, spiffe: &str) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// All children.
#[derive(Debug)]
pub(crate) struct Supervisor<A> {
    admit: A,
    pids: PathBuf,
    keepers: Vec<(String, mpsc::Sender<Order>, tokio::task::JoinHandle<()>)>,
    failures: mpsc::Sender<anyhow::Error>,
    failed: mpsc::Receiver<anyhow::Error>,
}

impl<A: Admit + Clone + 'static> Supervisor<A> {
    /// Keeps pid files in `pids`.
    pub(crate) fn new(admit: A, pids: PathBuf) -> Self {
        let (failures, failed) = mpsc::channel(16);
        Self {
            admit,
            pids,
            keepers: Vec::new(),
            failures,
            failed,
        }
    }

    /// Starts a member and waits until it serves.
    pub(crate) async fn start(&mut self, member: Member) -> anyhow::Result<()> {
        let name = member.name.clone();
        let keeper = Keeper {
            admit: self.admit.clone(),
            pid_file: self.pids.join(format!("{name}.pid")),
            member,
        };
        let running = keeper.spawn().await?;
        let (order, orders) = mpsc::channel(1);
        let failures = self.failures.clone();
        let task = vauban_net::task::spawn("keeper", keeper.keep(running, orders, failures));
        self.keepers.push((name, order, task));
        Ok(())
    }

    /// Waits until a child cannot be kept running.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self.failed.recv().await {
            Some(error) => error,
            None => anyhow::anyhow!("the supervisor lost its children"),
        }
    }

    /// Has a child read again what it can while it serves. One that is about to be started reads everything anyway.
    pub(crate) async fn read_again(&self, name: &str) {
        for (known, order, _) in &self.keepers {
            if known == name && order.send(Order::ReadAgain).await.is_err() {
                tracing::warn!(line = %name, "nobody keeps it any more");
            }
        }
    }

    /// Ends the children, the last started first, each after it has drained.
    pub(crate) async fn stop(mut self) {
        while let Some((_, order, task)) = self.keepers.pop() {
            if order.send(Order::Stop).await.is_ok() && task.await.is_err() {
                tracing::warn!("a keeper ended abnormally");
            }
        }
    }
}

/// A child and the pipe whose closing tells it to stop. They are held apart because waiting for a child closes its input.
#[derive(Debug)]
struct Running {
    child: Child,
    pipe: Option<ChildStdin>,
    since: Instant,
}

impl Running {
    /// Tells the child through its pipe; whether that was possible.
    async fn read_again(&mut self) -> bool {
        match &mut self.pipe {
            Some(pipe) => pipe.write_all(b"\n").await.is_ok(),
            None => false,
        }
    }
}

/// Keeps one child running.
#[derive(Debug)]
struct Keeper<A> {
    admit: A,
    pid_file: PathBuf,
    member: Member,
}

impl<A: Admit> Keeper<A> {
    /// Starts the child once and waits for [`READY`].
    async fn spawn(&self) -> anyhow::Result<Running> {
        let name = &self.member.name;
        if let Some(spiffe) = &self.member.spiffe {
            self.admit.admit(name, spiffe).await?;
        }
        let mut child = self
            .command()?
            .spawn()
            .with_context(|| format!("`{name}`"))?;
        if let Some(pid) = child.id() {
            std::fs::write(&self.pid_file, format!("{pid}\n"))
                .with_context(|| self.pid_file.display().to_string())?;
        }
        let pipe = child.stdin.take();
        let stdout = child
            .stdout
            .take()
            .context("child without standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = tokio::time::timeout(READY_TIME, lines.next_line()).await;
        match ready {
            Ok(Ok(Some(line))) if line == READY => Ok(Running {
                child,
                pipe,
                since: Instant::now(),
            }),
            Ok(_) => {
                let status = child.wait().await.context("child")?;
                bail!("`{name}` ended before it served ({status}); its own words are above")
            }
            Err(_) => {
                child.kill().await.context("child")?;
                bail!(
                    "`{name}` did not serve within {} seconds",
                    READY_TIME.as_secs()
                )
            }
        }
    }

    fn command(&self) -> anyhow::Result<Command> {
        let program = std::env::current_exe().context("path of this program")?;
        let mut command = std::process::Command::new(program);
        command
            .args(&self.member.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let (mut mappings, mut names) = (Vec::new(), Vec::new());
        for (child_fd, (name, socket)) in (3..).zip(&self.member.sockets) {
            let socket = socket.try_clone().context("socket")?;
            mappings.push(FdMapping {
                parent_fd: OwnedFd::from(socket),
                child_fd,
            });
            names.push(name.as_str());
        }
        command
            .env("LISTEN_FDS", names.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"));
        command.fd_mappings(mappings).context("sockets")?;
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        Ok(command)
    }

    /// Restarts the child whenever it ends, until told to stop.
    async fn keep(
        self,
        mut running: Running,
        mut orders: mpsc::Receiver<Order>,
        failures: mpsc::Sender<anyhow::Error>,
    ) {
        let name = self.member.name.clone();
        let mut pause = PAUSE_MIN;
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::ReadAgain) => {
                        if !running.read_again().await {
                            tracing::warn!(line = %name, "could not be told to read again");
                        }
                        continue;
                    }
                    Some(Order::Stop) | None => return drain(&name, running).await,
                },
                status = running.child.wait() => {
                    tracing::warn!(line = %name, status = ?status, "ended; starting it again");
                    let code = status.ok().and_then(|status| status.code());
                    if code.is_some_and(|code| HOPELESS.contains(&code)) {
                        fail(&failures, anyhow::anyhow!("`{name}` cannot run; its own words are above")).await;
                        return;
                    }
                }
            }
            if running.since.elapsed() > STEADY_TIME {
                pause = PAUSE_MIN;
            }
            running = loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        // It will read everything when it starts.
                        Some(Order::ReadAgain) => {}
                        Some(Order::Stop) | None => return,
                    },
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(PAUSE_MAX);
                match self.spawn().await {
                    Ok(again) => break again,
                    Err(error) => tracing::warn!(line = %name, "{error:#}"),
                }
            };
        }
    }
}

async fn fail(failures: &mpsc::Sender<anyhow::Error>, error: anyhow::Error) {
    if failures.send(error).await.is_err() {
        tracing::warn!("nobody listens for failures any more");
    }
}

/// Closes the child's pipe and waits; a child that does not end is killed.
async fn drain(name: &str, mut running: Running) {
    drop(running.pipe.take());
    if tokio::time::timeout(DRAIN_TIME, running.child.wait())
        .await
        .is_err()
    {
        tracing::warn!(line = %name, "did not drain in time; killed");
        if let Err(error) = running.child.kill().await {
            tracing::warn!(line = %name, "could not be killed: {error}");
        }
    }
}

/// Addresses of listeners by name, as bound.
pub(crate) type Addresses = BTreeMap<String, SocketAddr>;
