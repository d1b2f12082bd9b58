//! `POST /auth/refresh`: a refresh token becomes its successor, once.

use http::request::Parts as Head;
use serde::Deserialize;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::{Client, Denial};
use vauban_secret::Secret;

use crate::call::{Call, Content, Memory, Reply, bounded, read_json};
use crate::judge::RotationRefusal;
use crate::line::Authority;
use crate::store::{RefreshTimes, Rotate, Rotated};
use crate::throttle::source_key;

use super::tokens::{refresh_token, tokens};

const OPERATION: &str = "refresh";
/// What the record says of a used refresh token within its grace.
pub(crate) const AGAIN: &str = "used before, within the grace: the same successor again";
const TOKEN_BYTES_MAX: usize = 256;
const NAME_BYTES_MAX: usize = 128;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    refresh_token: String,
    client_id: String,
}

impl Authority {
    pub(crate) async fn refresh(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Refresh, OPERATION);
        self.spend_source(call, head, OPERATION)?;
        let Input {
            refresh_token: presented,
            client_id,
        } = read_json(head, body).await?;
        let presented = Secret::from(presented);
        bounded(
            "/refresh_token",
            presented.expose_text().unwrap_or_default(),
            TOKEN_BYTES_MAX,
        )?;
        bounded("/client_id", &client_id, NAME_BYTES_MAX)?;
        let (now, successor) = (self.now(), refresh_token()?);
        let attempt = Rotate {
            judge: &*self.parts.rotation,
            presented: presented.expose(),
            successor: successor.expose(),
            client_id: &client_id,
            scope: None,
            times: self.refresh_times(self.client(&client_id)),
            decision: &call.decision,
            now,
        };
        match self
            .store
            .rotate(&attempt, &|facts| self.mint_access(facts, now))
            .await?
        {
            Rotated::Done(facts, access) => {
                call.passed(
                    control::AUTHORITY_ROTATION,
                    "first use of this refresh token",
                );
                let content = Content::Json(tokens(&access, &successor, facts.ends_at, now));
                call.about(facts);
                Ok(Reply::of(content, Memory::Durable))
            }
            Rotated::Again(facts, access, successor) => {
                call.passed(control::AUTHORITY_ROTATION, AGAIN);
                let content = Content::Json(tokens(&access, &successor, facts.ends_at, now));
                call.about(facts);
                Ok(Reply::of(content, Memory::Durable))
            }
            Rotated::Refused(refusal, facts) => {
                if let Some(facts) = facts {
                    call.about(facts);
                }
                call.refused(control::AUTHORITY_ROTATION, refusal.to_string());
                match refusal {
                    RotationRefusal::Reused => {
                        self.feed.settle().await?;
                        Err(Denial::RefreshReused)
                    }
                    RotationRefusal::Unknown
                    | RotationRefusal::Client
                    | RotationRefusal::Ended
                    | RotationRefusal::Scope
                    | RotationRefusal::Expired => Err(Denial::RefreshRefused),
                }
            }
        }
    }

    /// How long refresh tokens of a client are good unused, and used ones for their successor.
    pub(crate) fn refresh_times(&self, client: Option<&Client>) -> RefreshTimes {
        RefreshTimes {
            grace_seconds: client.map_or(0, |client| client.refresh_grace_seconds),
            idle_seconds: self.plan.issuer.refresh_idle_seconds,
        }
    }

    /// Spends the source's budgets for an operation that is not a login.
    pub(crate) fn spend_source(
        &self,
        call: &mut Call,
        head: &Head,
        operation: &str,
    ) -> Result<(), Denial> {
        let source = call.source(head)?;
        let spent = self.parts.throttle_source.spend(
            operation,
            &source_key(source),
            self.clock.monotonic_ms(),
        );
        spent.map_err(|throttled| {
            call.refused(control::AUTHORITY_THROTTLE, throttled.to_string());
            Denial::BudgetIp {
                retry_after_seconds: throttled.retry_after_seconds,
            }
        })
    }
}
