//! Minting of access tokens and the answer that carries them.

use serde_json::{Value, json};
use vauban_policy::Denial;
use vauban_secret::Secret;
use vauban_token::{Claims, mint};

use crate::call::Unable;
use crate::identifier::{fresh, token_hash};
use crate::keys::Purpose;
use crate::line::Authority;
use crate::store::{Minted, SessionFacts};

impl Authority {
    /// What a session may do: what its roles and its client have in common, and of that what it was narrowed to.
    pub(crate) fn permissions(
        &self,
        roles: &[String],
        client_id: &str,
        scope: Option<&[String]>,
    ) -> Vec<String> {
        let mut permissions = self.plan.permissions_of(roles, client_id);
        if let Some(scope) = scope {
            permissions.retain(|permission| scope.contains(permission));
        }
        permissions
    }

    /// Signs an access token for a session; it never outlives the session.
    pub(crate) fn mint_access(&self, facts: &SessionFacts, now: u64) -> Result<Minted, Unable> {
        self.mint_for(facts, &[], now)
    }

    /// The same, for who acts for the subject.
    pub(crate) fn mint_for(
        &self,
        facts: &SessionFacts,
        actors: &[String],
        now: u64,
    ) -> Result<Minted, Unable> {
        let permissions = self.permissions(&facts.roles, &facts.client_id, facts.scope.as_deref());
        let scope = permissions.join(" ");
        let expires_at =
            (now + u64::from(self.plan.issuer.access_token_seconds)).min(facts.ends_at);
        let claims = Claims {
            subject: facts.subject.clone(),
            client_id: facts.client_id.clone(),
            tenant: facts.tenant.clone(),
            session: facts.session.clone(),
            jti: fresh().map_err(|error| Unable::because(&error))?,
            roles: facts.roles.clone(),
            permissions,
            actors: actors.to_vec(),
            expires_at,
            issued_at: now,
        };
        let pen = self
            .keys
            .signer(Purpose::Access, now)
            .map_err(|error| Unable::because(&error))?;
        let token = mint(&pen, &self.profile, &claims).map_err(|error| Unable::because(&error))?;
        Ok(Minted {
            hash: token_hash(token.as_bytes()),
            token,
            expires_at,
            scope,
        })
    }
}

/// A fresh refresh token: 256 random bits.
pub(super) fn refresh_token() -> Result<Secret, Denial> {
    Secret::random().map_err(|error| Unable::because(&error).into())
}

/// The answer with both tokens.
pub(super) fn tokens(access: &Minted, refresh: &Secret, ends_at: u64, now: u64) -> Value {
    json!({
        "access_token": access.token,
        "token_type": "Bearer",
        "expires_in": access.expires_at.saturating_sub(now),
        "refresh_token": refresh.expose_text().unwrap_or_default(),
        "refresh_expires_in": ends_at.saturating_sub(now),
        "scope": access.scope,
    })
}
