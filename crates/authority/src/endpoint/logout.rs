//! `POST /auth/logout`: the session of the presented access token ends, everywhere and at once.

use http::request::Parts as Head;
use vauban_audit::{Kind, control};
use vauban_policy::Denial;

use crate::call::{Call, Content, Memory, Reply, Unable, bearer};
use crate::identifier::token_hash;
use crate::line::Authority;

const OPERATION: &str = "logout";

impl Authority {
    pub(crate) async fn logout(&self, call: &mut Call, head: &Head) -> Result<Reply, Denial> {
        call.is(Kind::Logout, OPERATION);
        self.spend_source(call, head, OPERATION)?;
        let token = bearer(head)?;
        let issued = self
            .store
            .issued(&token_hash(token.as_bytes()))
            .await
            .map_err(Unable::from)?;
        let now = self.now();
        let refused = match &issued {
            None => Some((Denial::TokenInvalid, "token is not in the registry")),
            Some(issued) if now >= issued.token_expires_at => {
                Some((Denial::TokenExpired, "token has expired"))
            }
            Some(issued) if issued.session_ended => {
                Some((Denial::SessionEnded, "session has ended"))
            }
            Some(_) => None,
        };
        let issued = match (issued, refused) {
            (Some(issued), None) => issued,
            (_, refused) => {
                let (denial, fact) =
                    refused.unwrap_or((Denial::TokenInvalid, "token is not in the registry"));
                call.refused(control::AUTHORITY_REGISTRY, fact);
                return Err(denial);
            }
        };
        call.passed(
            control::AUTHORITY_REGISTRY,
            "token is in the registry and its session is live",
        );
        call.event.subject = Some(issued.subject);
        call.event.client_id = Some(issued.client_id);
        call.event.tenant = Some(issued.tenant);
        call.event.session = Some(issued.session.clone());
        self.store
            .end_session(&issued.session, "logout", &call.decision, now)
            .await
            .map_err(Unable::from)?;
        self.feed.settle().await?;
        Ok(Reply::of(Content::Nothing, Memory::Durable))
    }
}
