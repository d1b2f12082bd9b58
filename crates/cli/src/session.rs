//! `vauban session`: who is logged in, and the end of it, at edges and guards within a moment.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;
use vauban_authority::{LiveSession, Sought, Storage};
use vauban_net::SystemClock;
use vauban_secret::StateDir;

use crate::outcome::{Failure, Outcome};
use crate::{Format, demo, files, say};

/// `vauban session …`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Live sessions, the newest first, at most a thousand: session, subject, client, and when it began and ends (unix seconds).
    List {
        /// Those of this subject only.
        #[arg(long)]
        subject: Option<String>,
        /// Those of this client only.
        #[arg(long)]
        client: Option<String>,
        /// How to print them.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        place: Place,
    },
    /// End a session, or every session of a subject, with all their tokens and what came of exchanges of these.
    End {
        /// The session: `sid` in tokens, `session` in records.
        #[arg(required_unless_present = "subject", conflicts_with = "subject")]
        session: Option<String>,
        /// Every session of this subject.
        #[arg(long)]
        subject: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the instance is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The plan; needed when it keeps sessions in `PostgreSQL`.
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// State directory of the instance.
    #[arg(long, default_value = demo::STATE)]
    state: PathBuf,
}

impl Place {
    async fn storage(self) -> Result<Storage, Failure> {
        let state = StateDir::attach(self.state)?;
        Ok(match self.config {
            None => Storage::unplanned(state)?,
            Some(config) => files::storage(&files::load(&config)?, &state).await?,
        })
    }
}

/// Runs it against the authority's database.
pub(crate) fn session(command: SessionCommand) -> Outcome {
    let runtime = tokio::runtime::Runtime::new().context("runtime")?;
    runtime.block_on(async {
        match command {
            SessionCommand::List {
                subject,
                client,
                format,
                place,
            } => {
                let client_id = client;
                let sought = Sought { subject, client_id };
                let storage = place.storage().await?;
                let live = vauban_authority::live_sessions(&storage, &sought, &SystemClock).await?;
                print(&live, format);
                Ok(())
            }
            SessionCommand::End {
                session,
                subject,
                place,
            } => end(session, subject, place).await,
        }
    })
}

async fn end(session: Option<String>, subject: Option<String>, place: Place) -> Outcome {
    let storage = place.storage().await?;
    if let Some(session) = session {
        vauban_authority::revoke_session(&storage, &session, &SystemClock).await?;
        say(&format!("ended `{session}`"));
    }
    if let Some(subject) = subject {
        let ended = vauban_authority::end_sessions_of(&storage, &subject, &SystemClock).await?;
        let plural = if ended == 1 { "" } else { "s" };
        say(&format!("ended {ended} session{plural} of `{subject}`"));
    }
    Ok(())
}

fn print(live: &[LiveSession], format: Format) {
    match format {
        Format::Json => {
            let one = |one: &LiveSession| {
                json!({
                    "session": one.id, "subject": one.subject, "client": one.client_id,
                    "started_at": one.started_at, "ends_at": one.ends_at,
                })
            };
            say(&json!(live.iter().map(one).collect::<Vec<_>>()).to_string());
        }
        Format::Text => {
            for one in live {
                let LiveSession {
                    id,
                    subject,
                    client_id,
                    started_at,
                    ends_at,
                } = one;
                say(&format!(
                    "{id}  {subject}  {client_id}  {started_at}  {ends_at}"
                ));
            }
        }
    }
}
