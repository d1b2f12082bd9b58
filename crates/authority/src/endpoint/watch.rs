//! What other lines read: key sets, live sessions, and the stream of revocations.

use serde_json::{Value, json};
use vauban_policy::Denial;

use crate::call::{Content, Memory, Reply, Unable};
use crate::line::Authority;

impl Authority {
    /// `GET /.well-known/jwks.json`: public keys of access tokens.
    pub(crate) fn keys(&self) -> Reply {
        read(json!({"keys": [self.access_key.jwk()]}))
    }

    /// `GET /internal/keys`: public keys of internal tokens.
    pub(crate) fn internal_keys(&self) -> Reply {
        read(json!({"keys": [self.internal_key.public()]}))
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

    /// `GET /internal/revocations`: sessions that end, as they end.
    pub(crate) fn revocations(&self) -> Result<Reply, Denial> {
        let lines = self.feed.subscribe(self.stop.clone())?;
        Ok(Reply::of(Content::Stream(lines), Memory::None))
    }
}

fn read(value: Value) -> Reply {
    Reply::of(Content::Json(value), Memory::None)
}
