//! `vauban user`: people who may log in. Passwords are read from standard input, never from arguments.

use std::io::BufRead as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use vauban_secret::{Secret, StateDir};

use crate::outcome::Outcome;
use crate::{demo, say};

/// `vauban user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a person; the password is the first line of standard input.
    Add {
        /// Name that is typed at login.
        name: String,
        /// Subject in tokens and rows.
        #[arg(long)]
        subject: String,
        /// Tenant.
        #[arg(long)]
        tenant: String,
        /// Roles, one option each.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// State directory of the instance.
        #[arg(long, default_value = demo::STATE)]
        state: PathBuf,
    },
    /// Disable a person and end every session at once.
    Disable {
        /// Subject, as in tokens and rows.
        subject: String,
        /// State directory of the instance.
        #[arg(long, default_value = demo::STATE)]
        state: PathBuf,
    },
}

/// Runs it against the authority's database.
pub(crate) fn user(command: UserCommand) -> Outcome {
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    runtime.block_on(async {
        match command {
            UserCommand::Add {
                name,
                subject,
                tenant,
                roles,
                state,
            } => {
                let state = StateDir::attach(state)?;
                let mut line = String::new();
                std::io::stdin()
                    .lock()
                    .read_line(&mut line)
                    .context("the password could not be read from standard input")?;
                let password = Secret::new(line.trim_end_matches(['\r', '\n']).as_bytes().to_vec());
                let user = vauban_authority::NewUser {
                    subject,
                    username: name.clone(),
                    password,
                    roles,
                    tenant,
                };
                vauban_authority::add_user(&state, user, &vauban_net::SystemClock).await?;
                say(&format!("added `{name}`"));
            }
            UserCommand::Disable { subject, state } => {
                let state = StateDir::attach(state)?;
                vauban_authority::disable_user(&state, &subject, &vauban_net::SystemClock).await?;
                say(&format!("disabled `{subject}`; every session has ended"));
            }
        }
        Ok(())
    })
}
