//! The bank's services as processes: `vauban bank-service NAME`, started by the demo.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use vauban_audit::Log;
use vauban_bank::{Database, DatabaseUrl, Service, Setting};
use vauban_policy::Plan;
use vauban_policy::plan::Behind;
use vauban_secret::StateDir;

use super::prepare::Bank;
use crate::line::{close, log_to_stderr, serve_until_told};
use crate::outcome::Outcome;
use crate::supervise::Member;

/// Arguments of `vauban bank-service`.
#[derive(Debug, Args)]
pub(crate) struct ServiceArguments {
    /// Which service.
    #[arg(value_enum)]
    service: Name,
    /// State directory of the instance.
    #[arg(long)]
    state: PathBuf,
    /// File with the PostgreSQL URL of this service's own role.
    #[arg(long)]
    postgres: Option<PathBuf>,
    /// User that may connect to the socket, instead of the one that runs this.
    #[arg(long)]
    peer_uid: Option<u32>,
}

/// Services of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Profiles, accounts, statements.
    Accounts,
    /// Transfers.
    Payments,
    /// Image descriptions; calls nobody.
    Images,
}

impl Name {
    fn parts(self) -> (Service, &'static str) {
        match self {
            Self::Accounts => (Service::Accounts, "accounts"),
            Self::Payments => (Service::Payments, "payments"),
            Self::Images => (Service::Images, "images"),
        }
    }
}

/// The bank's services as children of the demo.
pub(crate) fn members(plan: &Plan, state: &StateDir, bank: &Bank) -> Vec<Member> {
    plan.services
        .iter()
        .filter(|service| Name::from_str(&service.name, false).is_ok())
        .filter_map(|service| match &service.behind {
            Behind::Guard(guard) => Some((service, guard.peer_uid)),
            Behind::Unguarded { .. } | Behind::Authority => None,
        })
        .map(|(service, peer_uid)| {
            let mut arguments = vec![
                "bank-service".into(),
                service.name.clone().into(),
                "--state".into(),
                state.root().into(),
            ];
            let stored = service.name != "images";
            if let Some(file) = bank.service_url(state, &service.name).filter(|_| stored) {
                arguments.extend(["--postgres".into(), file.into()]);
            }
            if let Some(uid) = peer_uid {
                arguments.extend(["--peer-uid".into(), uid.to_string().into()]);
            }
            Member {
                name: format!("service-{}", service.name),
                arguments,
                sockets: Vec::new(),
                spiffe: None,
            }
        })
        .collect()
}

/// Runs one service until the demo is gone.
pub(crate) fn run(arguments: &ServiceArguments) -> Outcome {
    log_to_stderr();
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    Ok(runtime.block_on(serve(arguments))?)
}

async fn serve(arguments: &ServiceArguments) -> anyhow::Result<()> {
    let (service, name) = arguments.service.parts();
    let state = StateDir::attach(&arguments.state)?;
    let line = format!("service-{name}");
    let (audit, writer) = Log::open(&state.audit(), &line)?;
    let database = match &arguments.postgres {
        None => Database::Sqlite(state.bank_database()),
        Some(file) => {
            let url = vauban_secret::read_private(file)?;
            let url = url.expose_text().context("database URL")?;
            Database::Postgres(DatabaseUrl::new(url.trim()))
        }
    };
    if !state.run().is_dir() {
        bail!("`{}` is not a folder", state.run().display());
    }
    let setting = Setting {
        database,
        socket: state.service_socket(name),
        peer_uid: arguments.peer_uid,
        audit: audit.clone(),
        clock: Arc::new(vauban_net::SystemClock),
        recorder: None,
    };
    let ended = serve_until_told(true, None, |stop| vauban_bank::run(service, setting, stop)).await;
    close(audit, writer).await;
    ended
}
