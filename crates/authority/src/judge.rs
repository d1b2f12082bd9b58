//! The decisions of the authority that can be told in plain data: parts of the line, each replaceable in a drill.
//!
//! A part never looks anything up and never makes evidence. The line fetches the stored facts, the part decides on them, and
//! only the line's own step turns the answer into a token.

use std::fmt::Debug;

/// What the edge says it read in the presented token. Nothing here is believed; it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// `sub` as the edge read it.
    pub subject: String,
    /// `client_id` as the edge read it.
    pub client_id: String,
    /// `tenant` as the edge read it.
    pub tenant: String,
    /// `sid` as the edge read it.
    pub session: String,
}

/// What the registry has stored about the presented token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Subject of the session.
    pub subject: String,
    /// Client of the session.
    pub client_id: String,
    /// Tenant of the session.
    pub tenant: String,
    /// Roles of the session.
    pub roles: Vec<String>,
    /// Permissions that the session was narrowed to; `None` for all that roles and client have in common.
    pub scope: Option<Vec<String>>,
    /// Who acts for the subject, the last first; nobody when the token was not exchanged.
    pub actors: Vec<String>,
    /// The session.
    pub session: String,
    /// End of the token, unix seconds.
    pub token_expires_at: u64,
    /// Absolute end of the session, unix seconds.
    pub session_ends_at: u64,
    /// Whether the session was ended before its time.
    pub session_ended: bool,
}

/// On whose behalf an internal token may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Subject.
    pub subject: String,
    /// Client.
    pub client_id: String,
    /// Tenant.
    pub tenant: String,
    /// Session.
    pub session: String,
    /// Roles; permissions follow from them and the client.
    pub roles: Vec<String>,
    /// Permissions that the session was narrowed to, if it was.
    pub scope: Option<Vec<String>>,
    /// What the internal token may not outlive, unix seconds.
    pub ends_at: u64,
}

/// Why the registry does not vouch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistryRefusal {
    /// We never issued it, or it is long gone.
    #[error("token is not in the registry")]
    Unknown,
    /// Its time is over.
    #[error("token has expired")]
    Expired,
    /// The session was ended, or its absolute end has come.
    #[error("session has ended")]
    Ended,
    /// The edge read another subject than the one stored.
    #[error("subject differs from the stored session")]
    Subject,
    /// The edge read another client than the one stored.
    #[error("client differs from the stored session")]
    Client,
    /// The edge read another tenant than the one stored.
    #[error("tenant differs from the stored session")]
    Tenant,
    /// The edge read another session than the one stored.
    #[error("session differs from the stored one")]
    Session,
}

/// Whether the authority vouches for a presented token.
pub trait JudgeRegistry: Send + Sync + Debug {
    /// Judges what the edge says against what is stored.
    fn judge(
        &self,
        claimed: &Claimed,
        stored: Option<&Issued>,
        now_unix_s: u64,
    ) -> Result<Vouched, RegistryRefusal>;
}

/// The shipped judge: everything comes from the stored session, and any difference refuses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registry;

impl JudgeRegistry for Registry {
    fn judge(
        &self,
        claimed: &Claimed,
        stored: Option<&Issued>,
        now_unix_s: u64,
    ) -> Result<Vouched, RegistryRefusal> {
        let stored = stored.ok_or(RegistryRefusal::Unknown)?;
        let holds = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
        holds(
            now_unix_s < stored.token_expires_at,
            RegistryRefusal::Expired,
        )?;
        holds(
            !stored.session_ended && now_unix_s < stored.session_ends_at,
            RegistryRefusal::Ended,
        )?;
        holds(claimed.session == stored.session, RegistryRefusal::Session)?;
        holds(claimed.subject == stored.subject, RegistryRefusal::Subject)?;
        holds(
            claimed.client_id == stored.client_id,
            RegistryRefusal::Client,
        )?;
        holds(claimed.tenant == stored.tenant, RegistryRefusal::Tenant)?;
        Ok(Vouched {
            subject: stored.subject.clone(),
            client_id: stored.client_id.clone(),
            tenant: stored.tenant.clone(),
            session: stored.session.clone(),
            roles: stored.roles.clone(),
            scope: stored.scope.clone(),
            ends_at: stored.token_expires_at.min(stored.session_ends_at),
        })
    }
}

/// What is stored about a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRefresh {
    /// Its session, which is its family.
    pub session: String,
    /// Client of the session.
    pub client_id: String,
    /// Absolute end of the family, unix seconds.
    pub ends_at: u64,
    /// When it is no longer good although nobody used it, unix seconds.
    pub idle_ends_at: u64,
    /// Whether it was used before.
    pub used: bool,
    /// Until when one that was used gives its successor once more; `None` when it no longer does.
    pub again_until: Option<u64>,
    /// Whether the session was ended.
    pub session_ended: bool,
}

/// Why a refresh token is not rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationRefusal {
    /// We never issued it, or its family is long gone.
    #[error("refresh token is unknown")]
    Unknown,
    /// It was issued to another client.
    #[error("refresh token belongs to another client")]
    Client,
    /// It was used before: somebody has a copy. Its whole family ends.
    #[error("refresh token was used before")]
    Reused,
    /// The session was ended.
    #[error("session has ended")]
    Ended,
    /// The family's absolute end has come, or nobody used it for too long.
    #[error("refresh token has expired")]
    Expired,
    /// It asks for another scope than was granted. The token stays good.
    #[error("scope differs from what was granted")]
    Scope,
}

/// Whether a refresh token is exchanged for its successor.
pub trait JudgeRotation: Send + Sync + Debug {
    /// Judges a presented refresh token.
    fn judge(
        &self,
        client_id: &str,
        stored: Option<&StoredRefresh>,
        now_unix_s: u64,
    ) -> Result<(), RotationRefusal>;
}

/// The shipped judge: once, by the client that got it, before the family's end and before it lay idle for too long.
///
/// A used one is good again within its grace, while nobody has used its successor; what comes of it is that same successor. Of
/// two honest tabs that refresh at the same moment neither loses (docs/adr/0011-refresh-grace.md).
#[derive(Debug, Clone, Copy, Default)]
pub struct Rotation;

impl JudgeRotation for Rotation {
    fn judge(
        &self,
        client_id: &str,
        stored: Option<&StoredRefresh>,
        now_unix_s: u64,
    ) -> Result<(), RotationRefusal> {
        match stored {
            None => Err(RotationRefusal::Unknown),
            Some(stored) if stored.client_id != client_id => Err(RotationRefusal::Client),
            Some(stored) if now_unix_s >= stored.ends_at => Err(RotationRefusal::Expired),
            Some(stored)
                if stored.used && stored.again_until.is_none_or(|end| now_unix_s >= end) =>
            {
                Err(RotationRefusal::Reused)
            }
            Some(stored) if stored.session_ended => Err(RotationRefusal::Ended),
            Some(stored) if now_unix_s >= stored.idle_ends_at => Err(RotationRefusal::Expired),
            Some(_) => Ok(()),
        }
    }
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// The edge.
    Edge,
    /// A guard of a service.
    Guard,
    /// Whoever has a certificate of ours; whether the plan still knows it is judged before a new one is signed.
    Workload,
}

/// The trust domain's names, for [`JudgeCaller`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// SPIFFE id of the edge.
    pub edge: String,
    /// SPIFFE ids of the guards that the plan knows.
    pub guards: Vec<String>,
    /// What every workload's id begins with.
    pub prefix: String,
}

/// Whether the caller's certificate admits it to an endpoint.
pub trait JudgeCaller: Send + Sync + Debug {
    /// Judges the SPIFFE id of the caller's verified certificate.
    fn judge(&self, caller: Option<&str>, needed: Needed, names: &Names) -> bool;
}

/// The shipped judge: by exact name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Callers;

impl JudgeCaller for Callers {
    fn judge(&self, caller: Option<&str>, needed: Needed, names: &Names) -> bool {
        caller.is_some_and(|caller| match needed {
            Needed::Edge => caller == names.edge,
            Needed::Guard => names.guards.iter().any(|guard| guard == caller),
            Needed::Workload => caller.starts_with(&names.prefix),
        })
    }
}

#[cfg(test)]
mod tests;
