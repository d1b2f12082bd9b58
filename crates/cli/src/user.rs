//! `vauban user`: people who may log in. Passwords are read from standard input, never from arguments.

use std::io::BufRead as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use vauban_authority::{AdminError, NewUser, Storage};
use vauban_net::SystemClock;
use vauban_secret::{Secret, StateDir};

use crate::outcome::{Failure, Outcome};
use crate::{demo, files, say};

/// `vauban user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a person; the password is the first line of standard input.
    Add(Add),
    /// Disable a person and end every session at once.
    Disable(Whom),
    /// Let a disabled person log in again, with the password and the roles of before.
    Enable(Whom),
    /// Reset a password and end every session at once; the new one is the first line of standard input.
    Password(Whom),
    /// Replace a person's roles and end every session at once.
    Roles(NewRoles),
}

/// Arguments of `vauban user add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Name that is typed at login.
    name: String,
    /// Subject in tokens and rows.
    #[arg(long)]
    subject: String,
    /// Tenant.
    #[arg(long)]
    tenant: String,
    /// Roles of the plan, one option each.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// The plan, which says what roles there are.
    #[arg(short, long, default_value = "vauban.yaml")]
    config: PathBuf,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

/// A person of an instance.
#[derive(Debug, Args)]
pub(crate) struct Whom {
    /// Subject, as in tokens and rows.
    subject: String,
    /// The plan; needed when it keeps users in `PostgreSQL`.
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

impl Whom {
    /// The subject, and where to look for it.
    async fn find(self) -> Result<(Storage, String), Failure> {
        let state = StateDir::attach(self.state)?;
        let storage = match self.config {
            None => Storage::unplanned(state)?,
            Some(config) => files::storage(&files::load(&config)?, &state).await?,
        };
        Ok((storage, self.subject))
    }
}

/// Arguments of `vauban user roles`.
#[derive(Debug, Args)]
pub(crate) struct NewRoles {
    /// Subject, as in tokens and rows.
    subject: String,
    /// All roles that the person shall have, one option each.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// The plan, which says what roles there are.
    #[arg(short, long, default_value = "vauban.yaml")]
    config: PathBuf,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

/// Runs it against the authority's database.
pub(crate) fn user(command: UserCommand) -> Outcome {
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    runtime.block_on(async {
        match command {
            UserCommand::Add(user) => add(user).await,
            UserCommand::Disable(whom) => {
                let (storage, subject) = whom.find().await?;
                vauban_authority::disable_user(&storage, &subject, &SystemClock).await?;
                say(&format!("disabled `{subject}`; every session has ended"));
                Ok(())
            }
            UserCommand::Enable(whom) => {
                let (storage, subject) = whom.find().await?;
                vauban_authority::enable_user(&storage, &subject, &SystemClock).await?;
                say(&format!("enabled `{subject}`"));
                Ok(())
            }
            UserCommand::Password(whom) => {
                let (storage, subject) = whom.find().await?;
                let password = typed_password()?;
                vauban_authority::reset_password(&storage, &subject, &password, &SystemClock)
                    .await?;
                say(&format!(
                    "reset the password of `{subject}`; every session has ended"
                ));
                Ok(())
            }
            UserCommand::Roles(user) => roles(user).await,
        }
    })
}

async fn add(user: Add) -> Outcome {
    let loaded = files::load(&user.config)?;
    let storage = files::storage(&loaded, &StateDir::attach(user.state)?).await?;
    let new = NewUser {
        subject: user.subject,
        username: user.name.clone(),
        password: typed_password()?,
        roles: user.roles,
        tenant: user.tenant,
    };
    vauban_authority::add_user(&storage, &loaded.plan, new, &SystemClock)
        .await
        .map_err(refused)?;
    say(&format!("added `{}`", user.name));
    Ok(())
}

async fn roles(user: NewRoles) -> Outcome {
    let NewRoles {
        subject,
        roles,
        config,
        state,
    } = user;
    let loaded = files::load(&config)?;
    let storage = files::storage(&loaded, &StateDir::attach(state)?).await?;
    vauban_authority::change_roles(&storage, &loaded.plan, &subject, &roles, &SystemClock)
        .await
        .map_err(refused)?;
    say(&format!(
        "changed the roles of `{subject}`; every session has ended"
    ));
    Ok(())
}

fn typed_password() -> anyhow::Result<Secret> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("the password could not be read from standard input")?;
    Ok(Secret::new(
        line.trim_end_matches(['\r', '\n']).as_bytes().to_vec(),
    ))
}

/// Roles that the plan does not know are a mistake in what was configured, not an inability.
fn refused(error: AdminError) -> Failure {
    if let AdminError::UnknownRoles { .. } = error {
        Failure::Configuration(format!("error: {error}"))
    } else {
        error.into()
    }
}
