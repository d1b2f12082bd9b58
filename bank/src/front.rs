//! One request: who connected, what is asked, who asks, the work, the record, the answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use vauban_audit::{Log, Outcome};
use vauban_net::{Answer, Arrival, Body, BodyError, Clock, IncomingBody, Peer};

use crate::caller::{Caller, decision_of, subject_of};
use crate::images;
use crate::order::Order;
use crate::reply::{Content, Refusal};
use crate::request::Asked;
use crate::service::Service;
use crate::setting::Record;
use crate::store::{Account, Booking, Profile, Store, StoreError};

mod entry;

use entry::{Entry, Rows};

/// A service as its socket sees it.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) service: Service,
    pub(crate) store: Option<Store>,
    pub(crate) peer_uid: u32,
    pub(crate) audit: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recorder: Option<Arc<dyn Record>>,
}

#[derive(Serialize)]
struct Profiles {
    profiles: Vec<Profile>,
}

#[derive(Serialize)]
struct Accounts {
    accounts: Vec<Account>,
}

impl Answer for Front {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let mut entry = Entry::new(self.service.line(), self.clock.unix_ms());
        let done = match arrival {
            Arrival::Refused(refusal, peer) => {
                refusal.code().clone_into(&mut entry.fact);
                self.judge_peer(&peer).and(Err(Refusal::Framing))
            }
            Arrival::Request(parts, body, peer) => {
                decision_of(&parts.headers).clone_into(&mut entry.decision);
                match self.judge_peer(&peer) {
                    Ok(()) => self.admitted(&parts, body, &mut entry).await,
                    Err(refusal) => Err(refusal),
                }
            }
        };
        self.finish(done, entry).await
    }
}

impl Front {
    /// The socket's own word about who connected. Nothing that such a peer sent is looked at, and the connection closes.
    fn judge_peer(&self, peer: &Peer) -> Result<(), Refusal> {
        if peer.uid == Some(self.peer_uid) {
            Ok(())
        } else {
            Err(Refusal::Stranger)
        }
    }

    /// A request from the guard's user.
    async fn admitted(
        &self,
        parts: &Parts,
        body: IncomingBody,
        entry: &mut Entry,
    ) -> Result<Content, Refusal> {
        entry.method = parts.method.to_string();
        let asked = Asked::read(
            self.service,
            &parts.method,
            parts.uri.path(),
            parts.uri.query(),
        );
        if let Ok(asked) = asked {
            entry.asked(asked);
        }
        if let Some(recorder) = &self.recorder {
            recorder.record(entry.operation, subject_of(&parts.headers));
        }
        let caller = match Caller::read(&parts.headers) {
            Ok(caller) => caller,
            Err(header) => {
                entry.fact = format!("`{header}` does not hold");
                return Err(Refusal::Caller);
            }
        };
        entry.caller(&caller);
        let asked = asked?;
        if caller.operation() != asked.operation() {
            entry.fact = format!("the guard decided about `{}`", caller.operation());
            return Err(Refusal::Operation);
        }
        let judges = self.store.as_ref().is_some_and(Store::judges_rows);
        if judges && caller.context().is_none() {
            "`vauban-db-context` is missing".clone_into(&mut entry.fact);
            return Err(Refusal::Caller);
        }
        let body = read_body(body, asked).await?;
        self.perform(asked, &caller, &parts.headers, &body, entry)
            .await
    }

    /// The work itself.
    async fn perform(
        &self,
        asked: Asked,
        caller: &Caller,
        headers: &HeaderMap,
        body: &Bytes,
        entry: &mut Entry,
    ) -> Result<Content, Refusal> {
        let Some(store) = &self.store else {
            return describe(headers, body, entry);
        };
        entry.rows = if store.judges_rows() {
            Rows::Judged
        } else {
            Rows::Unjudged
        };
        match asked {
            Asked::ReadProfile { id } => {
                let found = entry.seen(store.profile(caller, id).await)?;
                found_or(found, Refusal::ProfileUnknown, entry)
            }
            Asked::ListProfiles => {
                let profiles = entry.seen(store.profiles(caller).await)?;
                Content::of(StatusCode::OK, &Profiles { profiles })
            }
            Asked::ListAccounts => {
                let accounts = entry.seen(store.accounts(caller).await)?;
                Content::of(StatusCode::OK, &Accounts { accounts })
            }
            Asked::ReadStatements { account, limit } => {
                let found = entry.seen(store.statements(caller, account, limit).await)?;
                found_or(found, Refusal::AccountUnknown, entry)
            }
            Asked::ReadTransfer { id } => {
                let found = entry.seen(store.transfer(caller, id).await)?;
                found_or(found, Refusal::TransferUnknown, entry)
            }
            Asked::CreateTransfer => self.transfer(store, caller, headers, body, entry).await,
            // Routing gives this to the image worker alone, and the image worker has no store.
            Asked::DescribeImage => Err(Refusal::Nothing),
        }
    }

    async fn transfer(
        &self,
        store: &Store,
        caller: &Caller,
        headers: &HeaderMap,
        body: &Bytes,
        entry: &mut Entry,
    ) -> Result<Content, Refusal> {
        require_type(headers, "application/json")?;
        let order = Order::read(headers, body).inspect_err(|_| entry.rows = Rows::Unasked)?;
        let now = i64::try_from(self.clock.unix_ms()).unwrap_or(i64::MAX);
        match entry.seen(store.book(caller, &order, now).await)? {
            Booking::New(transfer) => {
                "booked, two entries".clone_into(&mut entry.fact);
                Content::of(StatusCode::CREATED, &transfer)
            }
            Booking::Repeated(transfer) => {
                "booked before under the same key".clone_into(&mut entry.fact);
                Content::of(StatusCode::CREATED, &transfer)
            }
            Booking::KeyReused => Err(Refusal::KeyReused),
            Booking::SourceUnknown => found_or(None::<()>, Refusal::AccountUnknown, entry),
            Booking::DestinationUnknown => Err(Refusal::DestinationUnknown),
            Booking::InsufficientFunds => Err(Refusal::InsufficientFunds),
        }
    }

    /// Refusals and transfers are answered after their record is durable; the rest is recorded on the way.
    async fn finish(&self, done: Result<Content, Refusal>, entry: Entry) -> Response<Body> {
        let decision = entry.decision.clone();
        let waits = entry.waits() || done.is_err();
        let event = match &done {
            Ok(content) => entry.event(content.status, Outcome::Allowed, None),
            Err(refusal) => {
                let outcome = if refusal.status().is_server_error() {
                    Outcome::Failed
                } else {
                    Outcome::Refused
                };
                entry.event(refusal.status(), outcome, Some(*refusal))
            }
        };
        let recorded = if waits {
            self.audit.record(event).await
        } else {
            self.audit.note(&event)
        };
        if let Err(error) = recorded {
            tracing::error!(%error, "a decision could not be recorded");
            return Refusal::AuditUnavailable.answer(&decision);
        }
        match done {
            Ok(content) => content.answer(),
            Err(refusal) => refusal.answer(&decision),
        }
    }
}

fn found_or(
    found: Option<impl Serialize>,
    refusal: Refusal,
    entry: &mut Entry,
) -> Result<Content, Refusal> {
    let Some(row) = found else {
        entry.unseen();
        return Err(refusal);
    };
    Content::of(StatusCode::OK, &row)
}

fn describe(headers: &HeaderMap, body: &Bytes, entry: &mut Entry) -> Result<Content, Refusal> {
    require_type(headers, "image/png")?;
    match images::describe(body) {
        Ok(description) => Content::of(StatusCode::OK, &description),
        Err(flaw) => {
            entry.fact = flaw.to_string();
            Err(Refusal::Image)
        }
    }
}

async fn read_body(body: IncomingBody, asked: Asked) -> Result<Bytes, Refusal> {
    body.read(asked.body_bytes_max())
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => Refusal::BodyTooLarge,
            BodyError::TooSlow | BodyError::Broken(_) | BodyError::Gone => Refusal::BodyBroken,
        })
}

/// One `Content-Type` of this kind; parameters say nothing that would be believed.
fn require_type(headers: &HeaderMap, wanted: &str) -> Result<(), Refusal> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let first = values.next().and_then(|value| value.to_str().ok());
    let essence = first.and_then(|text| text.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case(wanted))
        && values.next().is_none()
    {
        Ok(())
    } else {
        Err(Refusal::MediaType)
    }
}

/// What a database's inability means for the answer.
fn refusal_of(error: &StoreError) -> Refusal {
    if matches!(error, StoreError::RowRefused) {
        Refusal::AccountUnknown
    } else {
        Refusal::StoreUnavailable
    }
}
