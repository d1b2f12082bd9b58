//! `vauban run`: every line supervised, or (`--line`) this process as one line.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::sync::mpsc;
use vauban_audit::Log;
use vauban_edge::{Again, Rules};
use vauban_guard::FactsSource;
use vauban_net::{Clock, PublicTls, Socket, Stop, SystemClock, Workload, stop_pair};
use vauban_policy::Plan;
use vauban_policy::plan::{Behind, FactsDatabase, Line};
use vauban_secret::StateDir;

use crate::files::{self, Loaded};
use crate::outcome::{Failure, Outcome};
use crate::supervise::members::{self, Joiner};
use crate::supervise::{READY, Supervisor};
use crate::{say, tell};

/// Arguments of `vauban run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The plan.
    #[arg(short, long, default_value = "vauban.yaml")]
    pub(crate) config: PathBuf,
    /// Directory for keys, identities, the authority's database and the audit log.
    #[arg(long, default_value = ".vauban/state")]
    pub(crate) state: PathBuf,
    /// Run only this line, unsupervised: `edge`, `authority` or `guard:SERVICE`.
    #[arg(long)]
    pub(crate) line: Option<String>,
    /// End when standard input closes, as a child of a supervisor does.
    #[arg(long, hide = true)]
    pub(crate) supervised: bool,
    /// Address that a listener was given by whoever bound it, `NAME=ADDRESS`.
    #[arg(long = "address", value_name = "NAME=ADDRESS")]
    pub(crate) addresses: Vec<String>,
}

/// Runs the plan until it is told to stop.
pub(crate) fn run(arguments: &RunArguments) -> Outcome {
    let loaded = files::load_to_run(&arguments.config)?;
    let rules = match arguments.line.as_deref() {
        // Whoever runs everything says what is wrong before anything is made or started; only the edge keeps the rules.
        None | Some("edge") => Some(files::rules(&loaded)?),
        Some(_) => None,
    };
    log_to_stderr();
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    if let Some(name) = &arguments.line {
        return runtime.block_on(one(&loaded, arguments, name, rules));
    }
    drop(rules);
    runtime.block_on(all(&loaded, &arguments.state))
}

/// Operational messages go to standard error, one line each.
pub(crate) fn log_to_stderr() {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .with_target(false)
        .finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tell("a second log was set up; the first one stays");
    }
}

/// Supervises every line of the plan.
async fn all(loaded: &Loaded, state: &Path) -> Outcome {
    let state = StateDir::open(state)?;
    members::folders(&state)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let storage = files::storage(loaded, &state)?;
    vauban_authority::provision(&storage, &loaded.plan, &clock).await?;
    let (members, addresses) = members::of_plan(loaded, &state)?;
    let joiner = Joiner::new(storage, &loaded.plan, clock);
    let mut supervisor = Supervisor::new(joiner, state.run());
    let stopping = told_to_stop();
    let (again, mut orders) = mpsc::channel(1);
    vauban_net::task::spawn("hang_ups", hang_ups(again));
    let started = async {
        for member in members {
            supervisor.start(member).await?;
        }
        anyhow::Ok(())
    }
    .await;
    if let Err(error) = started {
        supervisor.stop().await;
        return Err(error.into());
    }
    for (name, address) in &addresses {
        say(&format!("{name}: {address}"));
    }
    say(READY);
    tokio::pin!(stopping);
    let ended = loop {
        tokio::select! {
            () = &mut stopping => break None,
            error = supervisor.failed() => break Some(error),
            Some(()) = orders.recv() => supervisor.read_again(&members::folder_of(&Line::Edge)).await,
        }
    };
    supervisor.stop().await;
    match ended {
        None => Ok(()),
        Some(error) => Err(error.into()),
    }
}

/// Waits for SIGINT or SIGTERM from this call on, not only once the future is polled: whoever says that something is ready
/// must be told to stop in order from that moment.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    async {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            tell("signals cannot be received on this system; stopping");
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Waits until the supervisor's pipe closes, or a signal. Whatever comes through the pipe is the order to read again.
pub(crate) async fn supervisor_gone(again: Option<mpsc::Sender<()>>) {
    let (closed, pipe) = tokio::sync::oneshot::channel();
    // A thread of its own, because reading a terminal or a pipe cannot be cancelled and nobody should wait for it.
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 64];
        while matches!(std::io::stdin().read(&mut buffer), Ok(count) if count > 0) {
            if let Some(again) = &again {
                order(again);
            }
        }
        closed.send(()).is_ok()
    });
    tokio::select! {
        _ = pipe => {}
        () = told_to_stop() => {}
    }
}

/// Gives the order to read again. One that waits already is as good as two.
fn order(again: &mpsc::Sender<()>) {
    if let Err(mpsc::error::TrySendError::Closed(())) = again.try_send(()) {
        tracing::warn!("told to read again, and nobody does");
    }
}

/// Passes every SIGHUP on as the order to read again.
async fn hang_ups(again: mpsc::Sender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else {
        tell("SIGHUP cannot be received on this system; rules are read at start only");
        return;
    };
    while hang_up.recv().await.is_some() {
        order(&again);
    }
}

/// Reads the rules again as often as ordered, and says what came of it.
async fn read_again(again: Again, mut orders: mpsc::Receiver<()>) {
    while orders.recv().await.is_some() {
        match again.read().await {
            Ok(summary) => tell(&format!("edge: new rules are in force ({summary})")),
            Err(error) => tell(&format!("edge: the rules in force stay:\n{error}")),
        }
    }
}

/// Runs `serve` until the supervisor is gone; says [`READY`] first. `again` gets what the supervisor orders meanwhile.
pub(crate) async fn serve_until_told<F, E>(
    supervised: bool,
    again: Option<mpsc::Sender<()>>,
    serve: impl FnOnce(Stop) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = Result<(), E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let (stopper, stop) = stop_pair();
    let serving = serve(stop);
    tokio::pin!(serving);
    say(READY);
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        () = supervisor_gone(again), if supervised => stopper.stop(),
        () = told_to_stop(), if !supervised => stopper.stop(),
    }
    Ok(serving.await?)
}

/// What a line needs, whichever it is.
struct Station {
    plan: Arc<Plan>,
    folder: PathBuf,
    state: StateDir,
    addresses: BTreeMap<String, SocketAddr>,
    clock: Arc<dyn Clock>,
    supervised: bool,
}

/// Runs one line in this process.
async fn one(
    loaded: &Loaded,
    arguments: &RunArguments,
    name: &str,
    rules: Option<Rules>,
) -> Outcome {
    let line = members::parse_line(name)
        .filter(|line| loaded.plan.listener_of(line).is_some())
        .ok_or_else(|| {
            Failure::Configuration(format!(
                "`{name}` is not a line of `{}`",
                loaded.file.display()
            ))
        })?;
    let station = Station {
        plan: Arc::clone(&loaded.plan),
        folder: loaded.folder.clone(),
        state: StateDir::attach(&arguments.state)?,
        addresses: members::parse_addresses(&loaded.plan, &arguments.addresses)?,
        clock: Arc::new(SystemClock),
        supervised: arguments.supervised,
    };
    let socket = station.socket(&line).await?;
    let (audit, writer) = Log::open(&station.state.audit(), &members::folder_of(&line))?;
    let ended = match &line {
        Line::Authority => station.authority(socket, audit.clone()).await,
        Line::Guard(service) => station.guard(service, socket, audit.clone()).await,
        Line::Edge => station.edge(socket, audit.clone(), rules).await,
    };
    close(audit, writer).await;
    Ok(ended?)
}

/// Writes what is still queued; a log that failed has refused requests before.
pub(crate) async fn close(audit: Log, writer: vauban_audit::Writer) {
    if let Err(error) = audit.close().await {
        tracing::warn!("the audit log could not be closed: {error}");
    }
    drop(writer);
}

impl Station {
    fn address(&self, line: &Line) -> anyhow::Result<SocketAddr> {
        let listener = self
            .plan
            .listener_of(line)
            .context("line without a listener")?;
        self.addresses
            .get(&listener.name)
            .copied()
            .with_context(|| format!("listener `{}` has no address", listener.name))
    }

    /// The socket handed down, or one bound here.
    async fn socket(&self, line: &Line) -> anyhow::Result<Socket> {
        let listener = self
            .plan
            .listener_of(line)
            .context("line without a listener")?;
        if let Some(socket) = Socket::inherited().remove(&listener.name) {
            return Ok(socket);
        }
        if listener.address.port() == 0 {
            bail!(
                "listener `{}` has port 0; give it a port, or let `vauban run` without `--line` bind it",
                listener.name
            );
        }
        Ok(Socket::bind_tcp(listener.address).await?)
    }

    /// Trades the join token for a certificate, and keeps it fresh.
    async fn workload(&self, name: &str, spiffe: &str, stop: Stop) -> anyhow::Result<Workload> {
        let authority = self.address(&Line::Authority)?;
        let ca = std::fs::read_to_string(self.state.ca_certificate())
            .context("the internal CA's certificate could not be read")?;
        let token = vauban_secret::read_private(&self.state.join_token(name))?;
        let token = token.expose_text().context("join token")?.trim().to_owned();
        let workload = vauban_net::join::join(
            authority,
            &ca,
            &token,
            spiffe,
            Some(&self.state.identity(name)),
        )
        .await?;
        vauban_net::task::spawn(
            "keep_fresh",
            vauban_net::join::keep_fresh(
                workload.clone(),
                authority,
                Arc::clone(&self.clock),
                stop,
            ),
        );
        Ok(workload)
    }

    async fn authority(&self, socket: Socket, audit: Log) -> anyhow::Result<()> {
        let setting = vauban_authority::Setting {
            storage: files::storage_of(&self.plan, &self.folder, &self.state)?,
            audit,
            clock: Arc::clone(&self.clock),
        };
        let parts = vauban_authority::Parts::shipped(&self.plan, &setting).await?;
        serve_until_told(self.supervised, None, |stop| {
            vauban_authority::run(Arc::clone(&self.plan), setting, parts, socket, stop)
        })
        .await
    }

    async fn guard(&self, service: &str, socket: Socket, audit: Log) -> anyhow::Result<()> {
        let (_stopper, stop) = stop_pair();
        let workload = self
            .workload(
                &format!("guard-{service}"),
                &self.plan.spiffe_guard(service),
                stop,
            )
            .await?;
        let described = self.plan.service(service).context("service")?;
        let Behind::Guard(guard) = &described.behind else {
            bail!("service `{service}` has no guard");
        };
        let facts = match &guard.facts.database {
            FactsDatabase::Sqlite(path) => FactsSource::Sqlite(self.state.root().join(path)),
            FactsDatabase::Postgres(reference) => FactsSource::Postgres(self.secret(&reference.0)?),
        };
        let context_key = match &guard.context_key {
            None => None,
            Some(reference) => Some(self.secret(&reference.0)?),
        };
        let setting = vauban_guard::Setting {
            service: service.to_owned(),
            workload,
            authority: self.address(&Line::Authority)?,
            socket_path: self.state.root().join(&guard.socket),
            facts,
            context_key,
            audit,
            clock: Arc::clone(&self.clock),
        };
        let parts = vauban_guard::Parts::shipped(&self.plan, &setting)?;
        serve_until_told(self.supervised, None, |stop| {
            vauban_guard::run(Arc::clone(&self.plan), setting, parts, socket, stop)
        })
        .await
    }

    async fn edge(&self, socket: Socket, audit: Log, rules: Option<Rules>) -> anyhow::Result<()> {
        let rules = rules.context("rules")?;
        let (_stopper, stop) = stop_pair();
        let workload = self
            .workload("edge", &self.plan.spiffe_edge(), stop.clone())
            .await?;
        let mut guards = BTreeMap::new();
        for service in &self.plan.services {
            if let Behind::Guard(_) = service.behind {
                let line = Line::Guard(service.name.clone());
                guards.insert(service.name.clone(), self.address(&line)?);
            }
        }
        let listener = self
            .plan
            .listener_of(&Line::Edge)
            .context("edge listener")?;
        let tls = listener.tls.as_ref().context("edge listener without TLS")?;

        let chain = vauban_secret::resolve_public(&tls.certificate.0, &self.folder, &environment)?;
        let key = self.secret(&tls.key.0)?;
        let public_tls = PublicTls::from_pem(
            chain.expose_text().context("certificate")?,
            key.expose_text().context("key")?,
        )?;
        let reading = Again {
            rules: rules.clone(),
            plan: Arc::clone(&self.plan),
            folder: self.folder.clone(),
            audit: audit.clone(),
            clock: Arc::clone(&self.clock),
        };
        let setting = vauban_edge::Setting {
            workload,
            authority: self.address(&Line::Authority)?,
            guards,
            public_tls,
            rules,
            audit,
            clock: Arc::clone(&self.clock),
        };
        let parts = vauban_edge::Parts::shipped(&self.plan, &setting)?;
        let (again, orders) = mpsc::channel(1);
        if !self.supervised {
            vauban_net::task::spawn("hang_ups", hang_ups(again.clone()));
        }
        vauban_net::task::spawn("read_again", read_again(reading, orders));
        serve_until_told(self.supervised, Some(again), |stop| {
            vauban_edge::run(Arc::clone(&self.plan), setting, parts, socket, stop)
        })
        .await
    }

    fn secret(&self, reference: &str) -> anyhow::Result<vauban_secret::Secret> {
        Ok(vauban_secret::resolve(
            reference,
            &self.folder,
            &environment,
        )?)
    }
}

/// The environment, which only the binary reads.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary passes the environment down"
)]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How long a story's client waits for an answer.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(20);
