//! `grant_type=client_credentials`: a client for itself (RFC 6749 §4.4).

use vauban_audit::{Kind, control};
use vauban_policy::{Client, Denial, OauthError};

use super::answer;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::fresh;
use crate::line::Authority;
use crate::oauth::parameters::Parameters;
use crate::oauth::{refuse, scope};
use crate::store::{OwnSession, SessionFacts};

impl Authority {
    pub(super) async fn issue_own(
        &self,
        call: &mut Call,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Reply, Denial> {
        call.event.kind = Kind::Login;
        let Some(own) = &client.own else {
            let error = OauthError::UnauthorizedClient;
            let fact = "nobody said whom the client is";
            return Err(refuse(call, control::AUTHORITY_GRANT, error, fact));
        };
        let scope = scope::requested(parameters, client)?;
        let now = self.now();
        let facts = SessionFacts {
            session: fresh().map_err(|error| Denial::from(Unable::because(&error)))?,
            subject: own_subject(&client.id),
            client_id: client.id.clone(),
            tenant: own.tenant.clone(),
            roles: own.roles.clone(),
            scope,
            ends_at: now + u64::from(self.plan.issuer.access_token_seconds),
        };
        let access = self.mint_access(&facts, now)?;
        let session = OwnSession {
            facts: &facts,
            now,
            access_hash: access.hash,
            access_expires_at: access.expires_at,
        };
        self.store.begin_own(&session).await.map_err(Unable::from)?;
        call.passed(control::AUTHORITY_GRANT, "the client for itself");
        call.about(facts);
        Ok(Reply::of(
            Content::Json(answer(&access, None, now)),
            Memory::Durable,
        ))
    }
}

/// The subject of a client. No user can have it: `client:` is refused where users are added (RFC 9700 §4.15).
pub(super) fn own_subject(client_id: &str) -> String {
    format!("{}{client_id}", crate::CLIENT_SUBJECT)
}
