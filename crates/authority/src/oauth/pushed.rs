//! `POST /oauth/par` (RFC 9126): the client says what it wants before the browser is involved.

use http::StatusCode;
use http::request::Parts as Head;
use serde_json::json;
use vauban_audit::control;
use vauban_net::IncomingBody;
use vauban_policy::{Denial, OauthError};
use vauban_secret::Secret;

use super::authorize::{REQUEST_URI, request};
use super::parameters::Parameters;
use super::refuse;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::token_hash;
use crate::line::Authority;
use crate::store::Stage;

const OPERATION: &str = "push";
/// Life of a pushed request, seconds (RFC 9126 §2.2 suggests 5 to 600).
const PUSHED_SECONDS: u64 = 60;

impl Authority {
    pub(crate) async fn push(
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
        let mut refused = |error, fact: &str| refuse(call, control::AUTHORITY_GRANT, error, fact);
        if parameters.get("request_uri").is_some() {
            let fact = "a request URI inside a pushed request";
            return Err(refused(OauthError::InvalidRequest, fact));
        }
        let back = request::return_of(&parameters, client)
            .map_err(|fact| refused(OauthError::InvalidRequest, fact))?;
        let audience = &self.plan.issuer.audience;
        let request = request::judge(&parameters, client, &back, audience)
            .map_err(|(error, fact)| refused(error, fact))?;
        let handle = Secret::random().map_err(|error| Denial::from(Unable::because(&error)))?;
        let text = serde_json::to_string(&request)
            .map_err(|error| Denial::from(Unable::because(&error)))?;
        let hash = token_hash(handle.expose());
        let expires_at = self.now() + PUSHED_SECONDS;
        self.store
            .keep_request(&hash, Stage::Pushed, &client.id, &text, expires_at)
            .await
            .map_err(Unable::from)?;
        call.passed(
            control::AUTHORITY_GRANT,
            "the pushed request keeps the rules",
        );
        let handle = handle.expose_text().unwrap_or_default();
        let answer = json!({
            "request_uri": format!("{REQUEST_URI}{handle}"),
            "expires_in": PUSHED_SECONDS,
        });
        let content = Content::JsonAs(StatusCode::CREATED, answer);
        Ok(Reply::of(content, Memory::Queued))
    }
}
