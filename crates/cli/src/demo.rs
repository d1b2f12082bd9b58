//! `vauban demo`: a bank behind three lines on free loopback ports, a fresh development CA, and the story of a few requests.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use vauban_authority::Storage;
use vauban_net::{Clock, SystemClock};
use vauban_secret::StateDir;

use crate::files::{self, Loaded};
use crate::line::{log_to_stderr, supervisor_gone, told_to_stop};
use crate::outcome::{Failure, Outcome};
use crate::say;
use crate::supervise::members::{self, Joiner};
use crate::supervise::{Addresses, Supervisor};

mod client;
mod inside;
mod people;
mod prepare;
pub(crate) mod service;
mod stage;
mod stories;

/// Where the demo keeps its state unless told otherwise.
pub(crate) const STATE: &str = ".vauban/demo";

/// Arguments of `vauban demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Keys, certificates, databases and the audit log of the demo.
    #[arg(long, default_value = STATE)]
    state: PathBuf,
    /// Tell the story and end, instead of staying up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Tell one story: `jwt-is-not-ownership`, `one-jwt-library`, `flat-inside`, `spoofed-limit-key`.
    #[arg(long, value_parser = stories::NAMES)]
    story: Option<String>,
    /// Start everything and tell nothing: for tests and benchmarks.
    #[arg(long, hide = true)]
    quiet: bool,
    /// A plan folder to use instead of the embedded one: for tests and benchmarks.
    #[arg(long, hide = true)]
    plan: Option<PathBuf>,
    /// Secret reference to the PostgreSQL administrator's URL; the bank then lives in that database, with row-level
    /// security.
    #[arg(long, value_name = "REFERENCE")]
    postgres: Option<String>,
}

/// Runs the demo.
pub(crate) fn demo(arguments: &DemoArguments) -> Outcome {
    log_to_stderr();
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    runtime.block_on(play(arguments))
}

async fn play(arguments: &DemoArguments) -> Outcome {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if let Some(folder) = &arguments.plan {
        files::load_to_run(&folder.join("vauban.yaml"))?;
    }
    let state = StateDir::open(&arguments.state)?;
    say(&format!("state: {}", state.root().display()));
    members::folders(&state)?;
    let bank = prepare::Bank::new(arguments.postgres.as_deref())?;
    prepare::files(&state, arguments.plan.as_deref(), &bank)?;
    let loaded = files::load_to_run(&state.plan())?;
    let storage = files::storage(&loaded, &state)?;
    vauban_authority::provision(&storage, &loaded.plan, &clock).await?;
    say("authority: keys, internal CA and database are there");
    let people = people::ensure(&storage, &loaded.plan, clock.as_ref()).await?;
    prepare::seed(&state, &bank).await?;
    say("bank: five people in two tenants, four accounts");

    let (supervisor, addresses) = start(&loaded, storage, &bank, Arc::clone(&clock)).await?;
    let mut supervisor = supervisor;
    let mut stopping = pin!(told_to_stop());
    let ended = tokio::select! {
        told = tell(arguments, &loaded, &state, &addresses, &people) => Some(told),
        error = supervisor.failed() => Some(Err(Failure::CouldNotRun(error))),
        () = stopping.as_mut() => None,
    };
    let stays = matches!(ended, Some(Ok(()))) && !arguments.once && arguments.story.is_none();
    let ended = if stays {
        tokio::select! {
            () = stopping => Ok(()),
            () = supervisor_gone(None), if arguments.quiet => Ok(()),
            error = supervisor.failed() => Err(Failure::CouldNotRun(error)),
        }
    } else {
        ended.unwrap_or(Ok(()))
    };
    supervisor.stop().await;
    ended
}

/// Starts every process of the demo, in order.
async fn start(
    loaded: &Loaded,
    storage: Storage,
    bank: &prepare::Bank,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Supervisor<Joiner>, Addresses)> {
    let state = storage.state().clone();
    let (lines, addresses) = members::of_plan(loaded, &state)?;
    let mut supervisor = Supervisor::new(Joiner::new(storage, &loaded.plan, clock), state.run());
    let mut all = service::members(&loaded.plan, &state, bank);
    all.extend(lines);
    let mut failed = None;
    for member in all {
        let name = member.name.clone();
        if let Err(error) = supervisor.start(member).await {
            failed = Some(error);
            break;
        }
        say(&format!("started {name}"));
    }
    match failed {
        None => Ok((supervisor, addresses)),
        Some(error) => {
            supervisor.stop().await;
            Err(error)
        }
    }
}

async fn tell(
    arguments: &DemoArguments,
    loaded: &Loaded,
    state: &StateDir,
    addresses: &Addresses,
    people: &people::People,
) -> Outcome {
    let scene = stage::Stage::new(loaded, state.clone(), addresses.clone(), people.clone())?;
    if arguments.quiet {
        say(&format!("edge: {}", scene.edge));
        say("ready");
        return Ok(());
    }
    match arguments.story.as_deref() {
        None => stories::whole(&scene).await?,
        Some(name) => stories::one(name, &scene).await?,
    }
    if !arguments.once && arguments.story.is_none() {
        scene.invite();
    }
    Ok(())
}

/// Quotes a path for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}
