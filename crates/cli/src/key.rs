//! `vauban key`: which keys the authority has, and their rotation.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use vauban_authority::{KeyState, KeysError, Purpose, Stage};
use vauban_net::{Clock as _, SystemClock};
use vauban_secret::StateDir;

use crate::files::{self, Loaded};
use crate::outcome::{Failure, Outcome};
use crate::{demo, say, secrets};

/// `vauban key …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Every key: what it is for, its name, where it lies and what it does now.
    List {
        /// State directory of the instance.
        #[arg(long, default_value = demo::STATE)]
        state: PathBuf,
    },
    /// Make a new key. It is published first and signs when every reader has had the time to fetch it.
    Rotate {
        /// Which of the two keys.
        key: Rotated,
        /// Let it sign at once, because the old one was stolen: readers who keep the old key set refuse its tokens until they
        /// fetch the new one.
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Take a key that does not sign out of the key set at once and destroy it; its tokens end with it.
    Retire {
        /// The key's name, as `vauban key list` prints it.
        kid: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Keys that rotate.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Rotated {
    /// Signs access tokens.
    Access,
    /// Signs internal tokens.
    Internal,
}

/// Where the instance is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The plan, which says how keys are kept.
    #[arg(short, long, default_value = "vauban.yaml")]
    config: PathBuf,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

/// Runs it against the state directory; the running authority sees it within a second.
pub(crate) fn key(command: KeyCommand) -> Outcome {
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    match command {
        KeyCommand::List { state } => {
            let state = StateDir::attach(state)?;
            for key in vauban_authority::list_keys(&state, &SystemClock)? {
                say(&line(&key));
            }
            Ok(())
        }
        KeyCommand::Rotate { key, now, place } => {
            let (loaded, state) = place.open()?;
            let purpose = match key {
                Rotated::Access => Purpose::Access,
                Rotated::Internal => Purpose::Internal,
            };
            let made = runtime.block_on(async {
                let access = secrets::keys(&loaded).await?;
                let plan = &loaded.plan;
                let rotated =
                    vauban_authority::rotate_key(&state, plan, &access, purpose, now, &SystemClock);
                rotated.await.map_err(failure)
            })?;
            say(&line(&made));
            Ok(())
        }
        KeyCommand::Retire { kid, place } => {
            let (loaded, state) = place.open()?;
            runtime.block_on(async {
                let access = secrets::keys(&loaded).await?;
                let retired = vauban_authority::retire_key(&state, &access, &kid, &SystemClock);
                retired.await.map_err(failure)
            })
        }
    }
}

impl Place {
    fn open(&self) -> Result<(Loaded, StateDir), Failure> {
        Ok((files::load(&self.config)?, StateDir::attach(&self.state)?))
    }
}

/// What the operator asked for wrongly is told apart from an inability.
fn failure(error: KeysError) -> Failure {
    let asked_wrongly = matches!(
        error,
        KeysError::Unknown(_)
            | KeysError::InUse(_)
            | KeysError::UnderWay { .. }
            | KeysError::TooMany(_)
            | KeysError::Ca
    );
    if asked_wrongly {
        Failure::Configuration(format!("error: {error}"))
    } else {
        error.into()
    }
}

fn line(key: &KeyState) -> String {
    let now = SystemClock.unix_ms() / 1000;
    let stage = match key.stage {
        Stage::Waiting => "waits for the running authority to publish it".to_owned(),
        Stage::Next(from) => format!("published; signs in {} s", from.saturating_sub(now)),
        Stage::Signs => "signs".to_owned(),
        Stage::Old(until) => format!(
            "signs no more; its last token ends in {} s",
            until.saturating_sub(now)
        ),
    };
    format!(
        "{}  {}  {}  {stage}",
        key.purpose.word(),
        key.kid,
        key.place
    )
}
