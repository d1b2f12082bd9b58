//! The whole system in one process: the shipped wiring over real sockets on loopback, with the parts of one column opened.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use vauban_audit::{Log, Writer};
use vauban_authority::KeyAccess;
use vauban_bank::{Database, Service};
use vauban_edge::KeepKeys;
use vauban_guard::FactsSource;
use vauban_net::{
    Clock, ManualClock, PublicTls, Socket, Stop, Stopper, Workload, join::join, stop_pair, task,
};
use vauban_policy::Plan;
use vauban_secret::StateDir;

use crate::fault::Fault;
use crate::open;
use crate::template::Template;
use crate::witness::{BankWitness, Recorder};

/// Time for the edge to fetch its keys.
const READY_TIME: Duration = Duration::from_secs(10);
/// Between two looks whether it has.
const READY_PAUSE: Duration = Duration::from_millis(2);
/// Time for a line to end.
const END_TIME: Duration = Duration::from_secs(15);

/// The running system.
pub(crate) struct Stack {
    pub(crate) plan: Arc<Plan>,
    pub(crate) state: StateDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) edge: SocketAddr,
    pub(crate) authority: SocketAddr,
    pub(crate) guards: BTreeMap<String, SocketAddr>,
    /// Whom the drill borrows to ask the authority as the edge does.
    pub(crate) edge_workload: Workload,
    /// The service that the attacker has taken over.
    pub(crate) sibling_workload: Workload,
    pub(crate) witness: BankWitness,
    stopper: Stopper,
    lines: Vec<JoinHandle<anyhow::Result<()>>>,
    logs: Vec<(Log, Writer)>,
}

/// What a stack is built from, while it is built.
struct Site<'t> {
    template: &'t Template,
    down: &'t BTreeSet<Fault>,
    state: StateDir,
    clock: Arc<ManualClock>,
    authority: SocketAddr,
    stop: Stop,
    lines: Vec<JoinHandle<anyhow::Result<()>>>,
    logs: Vec<(Log, Writer)>,
}

impl Stack {
    /// Starts everything, from the inside out.
    pub(crate) async fn start(
        template: &Template,
        down: &BTreeSet<Fault>,
        number: usize,
    ) -> anyhow::Result<Self> {
        let (stopper, stop) = stop_pair();
        let (socket, authority) = bind().await?;
        let mut site = Site {
            template,
            down,
            state: template.copy(number)?,
            clock: Arc::new(ManualClock::new(template.start_unix_ms)),
            authority,
            stop,
            lines: Vec::new(),
            logs: Vec::new(),
        };
        site.authority(socket).await?;
        let recorder = Arc::new(Recorder::default());
        let mut guards = BTreeMap::new();
        for service in Service::ALL {
            site.service(service, &recorder).await?;
            guards.insert(service.name().to_owned(), site.guard(service.name()).await?);
        }
        let edge_workload = site.join(&template.plan.spiffe_edge()).await?;
        let sibling_workload = site
            .join(&template.plan.spiffe_service(Service::Images.name()))
            .await?;
        let edge = site.edge(&edge_workload, &guards).await?;
        let witness = BankWitness::new(&site.state.bank_database(), recorder, &Handle::current());
        Ok(Self {
            plan: Arc::clone(&template.plan),
            state: site.state,
            clock: site.clock,
            edge,
            authority,
            guards,
            edge_workload,
            sibling_workload,
            witness,
            stopper,
            lines: site.lines,
            logs: site.logs,
        })
    }

    /// Stops every line and removes the configuration's state.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stopper.stop();
        self.witness.close().await;
        for line in self.lines {
            tokio::time::timeout(END_TIME, line)
                .await
                .context("a line did not stop")???;
        }
        for (log, writer) in self.logs {
            log.close().await?;
            drop(writer);
        }
        let folder: PathBuf = self.state.root().to_owned();
        drop(self.state);
        std::fs::remove_dir_all(folder).context("the drill's state could not be removed")
    }
}

impl Site<'_> {
    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.template.plan)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::<ManualClock>::clone(&self.clock)
    }

    fn log(&mut self, line: &str) -> anyhow::Result<Log> {
        let (log, writer) = Log::open(&self.state.audit(), line)?;
        self.logs.push((log.clone(), writer));
        Ok(log)
    }

    async fn join(&self, spiffe: &str) -> anyhow::Result<Workload> {
        let token = self
            .template
            .join_tokens
            .get(spiffe)
            .with_context(|| format!("no join token for `{spiffe}`"))?;
        let ca_pem = std::fs::read_to_string(self.state.ca_certificate())?;
        join(self.authority, &ca_pem, token, spiffe, None)
            .await
            .with_context(|| format!("`{spiffe}` cannot join"))
    }

    async fn authority(&mut self, socket: Socket) -> anyhow::Result<()> {
        let setting = vauban_authority::Setting {
            storage: vauban_authority::Storage::embedded(self.state.clone()),
            keys: KeyAccess::plain(),
            audit: self.log("authority")?,
            clock: self.clock(),
        };
        let plan = self.plan();
        let shipped = vauban_authority::Parts::shipped(&plan, &setting).await?;
        let parts = open::authority::open(shipped, self.down, &plan);
        let run = vauban_authority::run(plan, setting, parts, socket, self.stop.clone());
        self.lines.push(task::spawn("drill authority", async {
            run.await.context("the authority ended")
        }));
        Ok(())
    }

    async fn service(&mut self, service: Service, recorder: &Arc<Recorder>) -> anyhow::Result<()> {
        let setting = vauban_bank::Setting {
            database: Database::Sqlite(self.state.bank_database()),
            socket: self.state.service_socket(service.name()),
            peer_uid: None,
            audit: self.log(service.line())?,
            clock: self.clock(),
            recorder: Some(Arc::<Recorder>::clone(recorder)),
        };
        let open = vauban_bank::open(service, setting).await?;
        let run = open.serve(self.stop.clone());
        self.lines.push(task::spawn("drill service", async move {
            run.await
                .with_context(|| format!("service `{service}` ended"))
        }));
        Ok(())
    }

    async fn guard(&mut self, service: &str) -> anyhow::Result<SocketAddr> {
        let (socket, address) = bind().await?;
        let plan = self.plan();
        let setting = vauban_guard::Setting {
            service: service.to_owned(),
            workload: self.join(&plan.spiffe_guard(service)).await?,
            authority: self.authority,
            socket_path: self.state.service_socket(service),
            facts: FactsSource::Sqlite(self.state.bank_database()),
            context_key: None,
            audit: self.log(&format!("guard-{service}"))?,
            clock: self.clock(),
        };
        let shipped = vauban_guard::Parts::shipped(&plan, &setting)?;
        let parts = open::guard::open(shipped, self.down, &plan);
        let run = vauban_guard::run(plan, setting, parts, socket, self.stop.clone());
        self.lines.push(task::spawn("drill guard", async {
            run.await.context("a guard ended")
        }));
        Ok(address)
    }

    async fn edge(
        &mut self,
        workload: &Workload,
        guards: &BTreeMap<String, SocketAddr>,
    ) -> anyhow::Result<SocketAddr> {
        let (socket, address) = bind().await?;
        let plan = self.plan();
        let setting = vauban_edge::Setting {
            workload: workload.clone(),
            authority: self.authority,
            guards: guards.clone(),
            public_tls: PublicTls::from_pem(
                &self.template.public_chain_pem,
                &self.template.public_key_pem,
            )?,
            rules: self.template.rules.clone(),
            audit: self.log("edge")?,
            clock: self.clock(),
        };
        let shipped = vauban_edge::Parts::shipped(&plan, &setting)?;
        let parts = open::edge::open(shipped, self.down, &plan);
        let keys = Arc::clone(&parts.keys);
        let run = vauban_edge::run(plan, setting, parts, socket, self.stop.clone());
        self.lines.push(task::spawn("drill edge", async {
            run.await.context("the edge ended")
        }));
        tokio::time::timeout(READY_TIME, ready(&*keys))
            .await
            .context("the edge could not fetch its keys")?;
        Ok(address)
    }
}

async fn ready(keys: &dyn KeepKeys) {
    while !keys.ready() {
        tokio::time::sleep(READY_PAUSE).await;
    }
}

/// A loopback port that the system chose.
async fn bind() -> anyhow::Result<(Socket, SocketAddr)> {
    let socket = Socket::bind_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = socket.local_addr().context("a socket without address")?;
    Ok((socket, address))
}
