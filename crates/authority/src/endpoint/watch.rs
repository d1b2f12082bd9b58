//! What other lines read: key sets, live sessions, and the stream of revocations.

use http::StatusCode;
use serde_json::{Value, json};
use vauban_policy::Denial;

use crate::call::{Content, Memory, Reply, Unable};
use crate::keys::Purpose;
use crate::line::Authority;

impl Authority {
    /// `GET /.well-known/jwks.json`: public keys of access tokens.
    pub(crate) fn keys(&self) -> Reply {
        self.key_set(Purpose::Access)
    }

    /// `GET /internal/keys`: public keys of internal tokens.
    pub(crate) fn internal_keys(&self) -> Reply {
        self.key_set(Purpose::Internal)
    }

    /// A set may be kept for as long as a new key waits before it signs.
    fn key_set(&self, purpose: Purpose) -> Reply {
        let set = self.keys.key_set(purpose, self.now());
        let kept = Content::Kept(set, self.plan.keys.cache_seconds);
        Reply::of(kept, Memory::None)
    }

    /// `GET /internal/sessions/{sid}`: whether a session is live, and whose it is. An ended session says no more than an
    /// unknown one.
    pub(crate) async fn session(&self, id: &str) -> Result<Reply, Denial> {
        let session = self.store.session(id).await.map_err(Unable::from)?;
        let live = session.filter(|session| !session.ended && self.now() < session.ends_at);
        Ok(read(match live {
            Some(session) => json!({
                "live": true, "subject": session.subject, "client_id": session.client_id, "tenant": session.tenant,
            }),
            None => json!({"live": false}),
        }))
    }

    /// `GET /readyz`: whether tokens can be signed, and the database answers and tells us what others end. It costs nothing:
    /// what the line knows already is said.
    pub(crate) fn ready(&self) -> Reply {
        let ready = self.keys.is_well() && self.feed.is_good();
        let status = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        Reply::of(
            Content::JsonAs(status, json!({ "ready": ready })),
            Memory::None,
        )
    }

    /// `GET /internal/revocations`: sessions that end, as they end.
    pub(crate) fn revocations(&self) -> Result<Reply, Denial> {
        let lines = self.feed.subscribe(self.stop.clone())?;
        Ok(Reply::of(Content::Stream(lines), Memory::None))
    }
}

fn read(value: Value) -> Reply {
    Reply::of(Content::Json(value), Memory::None)
}
