//! `POST /oauth/introspect` (RFC 7662): what a token is, for the client that it was issued to.

use http::request::Parts as Head;
use serde_json::json;
use vauban_audit::control;
use vauban_net::IncomingBody;
use vauban_policy::{ClientAuthentication, Denial, OauthError};

use super::parameters::Parameters;
use super::refuse;
use super::token::act;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::token_hash;
use crate::line::Authority;

const OPERATION: &str = "introspect";

impl Authority {
    /// Unknown, expired, ended and somebody else's are one answer: `{"active": false}` (RFC 7662 §2.2, §4).
    pub(crate) async fn introspect(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        OPERATION.clone_into(&mut call.event.operation);
        let parameters = Parameters::form(head, body).await?;
        let client = self
            .authenticate(call, head, &parameters, OPERATION)
            .await?;
        if client.authentication == ClientAuthentication::None {
            let fact = "a public client asks about a token";
            return Err(refuse(
                call,
                control::AUTHORITY_CLIENT,
                OauthError::InvalidClient,
                fact,
            ));
        }
        let hash = token_hash(parameters.need("token")?.as_bytes());
        let now = self.now();
        let issued = self.store.issued(&hash).await.map_err(Unable::from)?;
        let live = issued.filter(|issued| {
            issued.client_id == client.id
                && now < issued.token_expires_at
                && now < issued.session_ends_at
                && !issued.session_ended
        });
        let answer = match live {
            None => json!({ "active": false }),
            Some(issued) => {
                let permissions =
                    self.permissions(&issued.roles, &issued.client_id, issued.scope.as_deref());
                let mut answer = json!({
                    "active": true,
                    "iss": self.plan.issuer.issuer,
                    "aud": self.plan.issuer.audience,
                    "sub": issued.subject,
                    "client_id": issued.client_id,
                    "scope": permissions.join(" "),
                    "exp": issued.token_expires_at,
                    "token_type": "Bearer",
                });
                if let (Some(act), Some(members)) = (act(&issued.actors), answer.as_object_mut()) {
                    members.insert("act".to_owned(), act);
                }
                answer
            }
        };
        Ok(Reply::of(Content::Json(answer), Memory::Queued))
    }
}
