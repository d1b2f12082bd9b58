//! `POST /oauth/revoke` (RFC 7009): a client gives a token back, and with it the whole grant.

use http::request::Parts as Head;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::Denial;

use super::parameters::Parameters;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::token_hash;
use crate::line::Authority;

const OPERATION: &str = "revoke";

impl Authority {
    /// A token of this client, access or refresh, ends its session everywhere. Any other token changes nothing and is answered
    /// the same (RFC 7009 §2.2).
    pub(crate) async fn revoke(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Logout, OPERATION);
        let parameters = Parameters::form(head, body).await?;
        let client = self
            .authenticate(call, head, &parameters, OPERATION)
            .await?;
        let hash = token_hash(parameters.need("token")?.as_bytes());
        let session = self
            .store
            .session_of_token(&hash, &client.id)
            .await
            .map_err(Unable::from)?;
        if let Some(session) = session {
            self.store
                .end_session(
                    &session,
                    "revoked by its client",
                    &call.decision,
                    self.now(),
                )
                .await
                .map_err(Unable::from)?;
            self.feed.settle().await?;
            call.event.session = Some(session);
            call.passed(control::AUTHORITY_GRANT, "the grant has ended");
        } else {
            call.passed(control::AUTHORITY_GRANT, "not a token of this client");
        }
        Ok(Reply::of(Content::Done, Memory::Durable))
    }
}
