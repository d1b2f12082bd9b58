//! The authority is asked about the session at each request: a revoked session ends here, however fresh the token is.

use bytes::Bytes;
use http::{Request, StatusCode};
use vauban_net::Upstream;

use crate::parts::{Answering, Claims, JudgeSession, SessionRefusal};
use crate::strict::{self, Json};

#[cfg(test)]
mod tests;

/// The shipped [`JudgeSession`].
#[derive(Debug)]
pub(crate) struct RemoteSessions {
    authority: Upstream,
}

impl RemoteSessions {
    pub(crate) fn new(authority: Upstream) -> Self {
        Self { authority }
    }

    async fn ask(&self, claims: &Claims) -> Result<String, SessionRefusal> {
        let unavailable =
            |reason: String| SessionRefusal::Unavailable(format!("authority: {reason}"));
        let mut request = Request::new(Bytes::new());
        let path = path(&claims.session).ok_or(SessionRefusal::Mismatch("session"))?;
        *request.uri_mut() = path
            .parse()
            .map_err(|_invalid| SessionRefusal::Mismatch("session"))?;
        let response = self
            .authority
            .send(request)
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(unavailable(format!(
                "status {}",
                response.status().as_u16()
            )));
        }
        let stored =
            strict::read(response.body()).map_err(|error| unavailable(error.to_string()))?;
        compare(&stored, claims)
    }
}

impl JudgeSession for RemoteSessions {
    fn judge<'a>(&'a self, claims: &'a Claims) -> Answering<'a, Result<String, SessionRefusal>> {
        Box::pin(self.ask(claims))
    }
}

/// The path of the look-up. A session id that would need encoding is none of the authority's.
fn path(session: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!session.is_empty() && session.bytes().all(good))
        .then(|| format!("/internal/sessions/{session}"))
}

/// Holds the stored session against the token, claim by claim.
fn compare(stored: &Json, claims: &Claims) -> Result<String, SessionRefusal> {
    match stored.member("live") {
        Some(Json::Boolean(true)) => {}
        Some(Json::Boolean(false)) => return Err(SessionRefusal::Ended),
        Some(Json::Null | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_))
        | None => {
            return Err(SessionRefusal::Unavailable(
                "authority: its answer does not say whether the session is live".to_owned(),
            ));
        }
    }
    let pairs = [
        ("subject", &claims.subject),
        ("client_id", &claims.client_id),
        ("tenant", &claims.tenant),
    ];
    for (name, said) in pairs {
        if stored.member(name).and_then(Json::text) != Some(said.as_str()) {
            return Err(SessionRefusal::Mismatch(name));
        }
    }
    Ok(format!(
        "session {} is live and stored for subject {}, tenant {}",
        claims.session, claims.subject, claims.tenant
    ))
}
