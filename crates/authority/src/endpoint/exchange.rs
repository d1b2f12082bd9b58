//! `POST /internal/exchange`: an access token that we issued becomes an internal token for one service.

use http::request::Parts as Head;
use serde::Deserialize;
use serde_json::json;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::{Behind, Caller, Denial};

use crate::call::{Call, Content, Memory, Reply, Unable, read_json};
use crate::identifier::{fresh, token_hash};
use crate::internal::{InternalClaims, mint};
use crate::judge::{Claimed, Vouched};
use crate::keys::Purpose;
use crate::line::Authority;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    subject_token: String,
    audience: String,
    subject: String,
    client_id: String,
    tenant: String,
    sid: String,
}

impl Authority {
    pub(crate) async fn exchange(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Exchange, "exchange");
        let input: Input = read_json(head, body).await?;
        if !self.edge_may_call(&input.audience) {
            call.refused(
                control::AUTHORITY_REGISTRY,
                format!(
                    "`{}` is not a service that the edge may call",
                    input.audience
                ),
            );
            return Err(Denial::ExchangeRefused);
        }
        let stored = self
            .store
            .issued(&token_hash(input.subject_token.as_bytes()))
            .await
            .map_err(Unable::from)?;
        let claimed = Claimed {
            subject: input.subject,
            client_id: input.client_id,
            tenant: input.tenant,
            session: input.sid,
        };
        let now = self.now();
        let vouched = self
            .parts
            .registry
            .judge(&claimed, stored.as_ref(), now)
            .map_err(|refusal| {
                // What is stored is the truth to record; when nothing is, nobody is accused.
                if let Some(stored) = stored {
                    call.event.subject = Some(stored.subject);
                    call.event.session = Some(stored.session);
                }
                call.refused(control::AUTHORITY_REGISTRY, refusal.to_string());
                Denial::ExchangeRefused
            })?;
        self.vouch(call, vouched, &input.audience, now)
    }

    /// Only services that the plan lets the edge call, and only through their guard.
    fn edge_may_call(&self, audience: &str) -> bool {
        let guarded = self
            .plan
            .service(audience)
            .is_some_and(|service| matches!(service.behind, Behind::Guard(_)));
        let declared = |caller: &Caller| match caller {
            Caller::Edge | Caller::Anyone => true,
            Caller::Service(_) => false,
        };
        guarded
            && self
                .plan
                .calls
                .iter()
                .any(|call| call.to == audience && declared(&call.from))
    }

    fn vouch(
        &self,
        call: &mut Call,
        vouched: Vouched,
        audience: &str,
        now: u64,
    ) -> Result<Reply, Denial> {
        let expires_at =
            (now + u64::from(self.plan.issuer.internal_token_seconds)).min(vouched.ends_at);
        if expires_at <= now {
            call.refused(
                control::AUTHORITY_REGISTRY,
                "nothing is left of the session's time",
            );
            return Err(Denial::ExchangeRefused);
        }
        let permissions =
            self.permissions(&vouched.roles, &vouched.client_id, vouched.scope.as_deref());
        let issuer = format!("{}/internal", self.plan.issuer.issuer);
        let jti = fresh().map_err(|error| Denial::from(Unable::because(&error)))?;
        let pen = self
            .keys
            .signer(Purpose::Internal, now)
            .map_err(|error| Denial::from(Unable::because(&error)))?;
        let claims = InternalClaims {
            issuer: &issuer,
            audience,
            subject: &vouched.subject,
            session: &vouched.session,
            client_id: &vouched.client_id,
            tenant: &vouched.tenant,
            roles: &vouched.roles,
            permissions: &permissions,
            jti: &jti,
            issued_at: now,
            expires_at,
        };
        let token = mint(&pen, &claims).map_err(|error| Denial::from(Unable::because(&error)))?;
        call.passed(
            control::AUTHORITY_REGISTRY,
            format!("token is in the registry, session is live, for `{audience}`"),
        );
        let answer = json!({"internal_token": token, "expires_in": expires_at - now, "session": vouched.session});
        call.event.subject = Some(vouched.subject);
        call.event.client_id = Some(vouched.client_id);
        call.event.tenant = Some(vouched.tenant);
        call.event.session = Some(vouched.session);
        Ok(Reply::of(Content::Json(answer), Memory::Queued))
    }
}
