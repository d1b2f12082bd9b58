//! `POST /auth/login`: a password becomes a session.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts as Head;
use serde::Deserialize;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::Denial;
use zeroize::Zeroizing;

use crate::call::{Call, Content, Memory, Reply, Unable, bounded, read_json};
use crate::hasher::{HashError, PASSWORD_BYTES_MAX};
use crate::identifier::{fresh, token_hash};
use crate::line::Authority;
use crate::queue::Turn;
use crate::store::{NewSession, PasswordHash, SessionFacts, UserRow};
use crate::throttle::{Throttled, account_key, source_key};

use super::tokens::{refresh_token, tokens};

const OPERATION: &str = "login";
const NAME_BYTES_MAX: usize = 128;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    username: String,
    password: String,
    client_id: String,
}

/// What comparing a password yields.
struct Compared {
    matches: bool,
    stronger: Option<PasswordHash>,
}

impl Authority {
    pub(crate) async fn login(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Login, OPERATION);
        let source = call.source(head)?;
        let Input {
            username,
            password,
            client_id,
        } = read_json(head, body).await?;
        let password = Zeroizing::new(password);
        bounded("/username", &username, NAME_BYTES_MAX)?;
        bounded("/password", &password, PASSWORD_BYTES_MAX)?;
        bounded("/client_id", &client_id, NAME_BYTES_MAX)?;
        let client_known = self.client(&client_id).is_some();
        let name = (username.as_str(), password);
        let user = self.prove(call, source, name, client_known).await?;
        self.begin(call, user, client_id).await
    }

    /// The user whose password it is. Every other outcome is one refusal, after the same work.
    pub(crate) async fn prove(
        &self,
        call: &mut Call,
        source: IpAddr,
        (username, password): (&str, Zeroizing<String>),
        client_known: bool,
    ) -> Result<UserRow, Denial> {
        let account = account_key(username);
        self.spend(call, &source_key(source), &account)?;
        let turn = self.hashing.take().await.map_err(|_busy| {
            call.refused(control::AUTHORITY_PASSWORD, "the queue of logins is full");
            Denial::LoginBusy
        })?;
        let user = self
            .store
            .user_named(username)
            .await
            .map_err(Unable::from)?;
        // Unknown and disabled users take the same way up to here and through the hash; what differs comes after it.
        let compared = self.compare(turn, password, user.as_ref()).await?;
        let user = judge(call, user, &compared, client_known, &account)?;
        if let Some(stronger) = &compared.stronger {
            self.store
                .strengthen(&user.subject, &user.password, stronger)
                .await
                .map_err(Unable::from)?;
        }
        Ok(user)
    }

    fn spend(&self, call: &mut Call, source: &str, account: &str) -> Result<(), Denial> {
        let now = self.clock.monotonic_ms();
        let spent = self.parts.throttle_source.spend(OPERATION, source, now);
        let spent = spent.and_then(|()| self.parts.throttle_account.spend(OPERATION, account, now));
        match spent {
            Ok(()) => {
                call.passed(
                    control::AUTHORITY_THROTTLE,
                    "budgets of source and account have room",
                );
                Ok(())
            }
            Err(Throttled {
                budget,
                retry_after_seconds,
            }) => {
                call.refused(
                    control::AUTHORITY_THROTTLE,
                    format!("budget `{budget}` is spent"),
                );
                Err(Denial::LoginThrottled {
                    retry_after_seconds,
                })
            }
        }
    }

    /// Compares on a thread that may block. The turn goes with the work, so that a client who hangs up does not free a place
    /// while its hash is still being computed.
    async fn compare(
        &self,
        turn: Turn,
        password: Zeroizing<String>,
        user: Option<&UserRow>,
    ) -> Result<Compared, Denial> {
        let hasher = Arc::clone(&self.parts.hasher);
        let stored = user.map(|user| user.password.clone());
        let compared = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let Some(PasswordHash(stored)) = stored else {
                hasher.verify(&password, hasher.dummy())?;
                return Ok(Compared {
                    matches: false,
                    stronger: None,
                });
            };
            let matches = hasher.verify(&password, &stored)?;
            let rehash = matches && hasher.outdated(&stored);
            let stronger = if rehash {
                Some(PasswordHash(hasher.hash(&password)?))
            } else {
                None
            };
            Ok::<_, HashError>(Compared { matches, stronger })
        });
        match compared.await {
            Ok(Ok(compared)) => Ok(compared),
            Ok(Err(error)) => Err(Unable::because(&error).into()),
            Err(stopped) => Err(Unable::because(&stopped).into()),
        }
    }

    async fn begin(
        &self,
        call: &mut Call,
        user: UserRow,
        client_id: String,
    ) -> Result<Reply, Denial> {
        let now = self.now();
        let facts = SessionFacts {
            session: fresh().map_err(|error| Denial::from(Unable::because(&error)))?,
            subject: user.subject,
            client_id,
            tenant: user.tenant,
            roles: user.roles,
            scope: None,
            ends_at: now + u64::from(self.plan.issuer.refresh_token_seconds),
        };
        let access = self.mint_access(&facts, now)?;
        let refresh = refresh_token()?;
        let new = NewSession {
            id: &facts.session,
            subject: &facts.subject,
            client_id: &facts.client_id,
            tenant: &facts.tenant,
            roles: &facts.roles,
            changes: user.changes,
            now,
            ends_at: facts.ends_at,
            access_hash: access.hash,
            access_expires_at: access.expires_at,
            refresh_hash: token_hash(refresh.expose()),
        };
        if !self.store.begin_session(&new).await.map_err(Unable::from)? {
            call.refused(
                control::AUTHORITY_PASSWORD,
                "user was disabled or changed meanwhile",
            );
            return Err(Denial::LoginRefused);
        }
        let content = Content::Json(tokens(&access, &refresh, facts.ends_at, now));
        call.about(facts);
        Ok(Reply::of(content, Memory::Durable))
    }
}

/// Only a known, enabled user with the right password and a known client gets in; the refusal is one and the same.
fn judge(
    call: &mut Call,
    user: Option<UserRow>,
    compared: &Compared,
    client_known: bool,
    account: &str,
) -> Result<UserRow, Denial> {
    // The typed name is not recorded: people type their password into the wrong field.
    let short: String = account.chars().take(12).collect();
    let fact = match &user {
        None => format!("account {short} is unknown"),
        Some(_) if !compared.matches => format!("password of account {short} is wrong"),
        Some(user) if user.disabled => "user is disabled".to_owned(),
        Some(_) if !client_known => "client is unknown".to_owned(),
        Some(_) => {
            call.passed(control::AUTHORITY_PASSWORD, "password is right");
            return user.ok_or(Denial::LoginRefused);
        }
    };
    call.event.subject = user.map(|user| user.subject);
    call.refused(control::AUTHORITY_PASSWORD, fact);
    Err(Denial::LoginRefused)
}
