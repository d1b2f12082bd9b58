//! `vauban client`: secrets of applications that prove themselves with one.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use vauban_authority::AdminError;
use vauban_net::SystemClock;
use vauban_secret::StateDir;

use crate::outcome::{Failure, Outcome};
use crate::{demo, files, say};

/// `vauban client …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a secret for a client and print it, once; only its hash is kept.
    Secret(NewSecret),
}

/// Arguments of `vauban client secret`.
#[derive(Debug, Args)]
pub(crate) struct NewSecret {
    /// The client's id in the plan.
    client: String,
    /// End the client's older secrets at once; without it they stay good, so that nothing fails while the new one is spread.
    #[arg(long)]
    replace: bool,
    /// The plan, which says what clients there are.
    #[arg(short, long, default_value = "vauban.yaml")]
    config: PathBuf,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

/// Runs it against the authority's database.
pub(crate) fn client(command: ClientCommand) -> Outcome {
    let ClientCommand::Secret(wanted) = command;
    let loaded = files::load(&wanted.config)?;
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    let state = StateDir::attach(wanted.state)?;
    let storage = runtime.block_on(files::storage(&loaded, &state))?;
    let made = runtime.block_on(vauban_authority::issue_client_secret(
        &storage,
        &loaded.plan,
        &wanted.client,
        wanted.replace,
        &SystemClock,
    ));
    let secret = made.map_err(|error| {
        // A client that the plan does not know is a mistake in what was configured, not an inability.
        if let AdminError::UnknownClient(_) = error {
            Failure::Configuration(format!("error: {error}"))
        } else {
            error.into()
        }
    })?;

    say(secret.expose_text().unwrap_or_default());
    Ok(())
}
