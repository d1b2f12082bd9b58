//! What will be recorded about one request, filled in as the request goes on.

use http::StatusCode;
use vauban_audit::control::{DATA_RLS, SERVICE_STATEMENT};
use vauban_audit::{Control, Event, Kind, Outcome, Verdict};

use super::refusal_of;
use crate::caller::Caller;
use crate::reply::Refusal;
use crate::request::Asked;
use crate::store::StoreError;

/// Whether the database judged the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// It was not asked.
    Unasked,
    /// It cannot: SQLite.
    Unjudged,
    /// It did, and showed what there is.
    Judged,
    /// It showed nothing, or refused a new row.
    Hidden,
}

/// What will be recorded.
#[derive(Debug)]
pub(super) struct Entry {
    line: &'static str,
    at_unix_ms: u64,
    pub(super) decision: String,
    pub(super) method: String,
    pub(super) operation: &'static str,
    route: &'static str,
    transfer: bool,
    subject: Option<String>,
    tenant: Option<String>,
    pub(super) rows: Rows,
    pub(super) fact: String,
}

impl Entry {
    pub(super) const fn new(line: &'static str, at_unix_ms: u64) -> Self {
        Self {
            line,
            at_unix_ms,
            decision: String::new(),
            method: String::new(),
            operation: "",
            route: "",
            transfer: false,
            subject: None,
            tenant: None,
            rows: Rows::Unasked,
            fact: String::new(),
        }
    }

    pub(super) const fn asked(&mut self, asked: Asked) {
        self.operation = asked.operation();
        self.route = asked.template();
        self.transfer = matches!(asked, Asked::CreateTransfer);
    }

    pub(super) fn caller(&mut self, caller: &Caller) {
        caller.decision().clone_into(&mut self.decision);
        self.subject = Some(caller.subject().to_string());
        self.tenant = Some(caller.tenant().to_owned());
    }

    /// Nothing is visible where something was asked for.
    pub(super) fn unseen(&mut self) {
        if self.rows == Rows::Judged {
            self.rows = Rows::Hidden;
        }
    }

    /// What the database said; its inability is logged here and not told to the peer.
    pub(super) fn seen<T>(&mut self, result: Result<T, StoreError>) -> Result<T, Refusal> {
        result.map_err(|error| {
            tracing::error!(error = %Chain(&error), operation = self.operation, "the database refused");
            self.unseen();
            refusal_of(&error)
        })
    }

    /// Whether the answer waits for the record even when all is well.
    pub(super) const fn waits(&self) -> bool {
        self.transfer
    }

    pub(super) fn event(
        self,
        status: StatusCode,
        outcome: Outcome,
        refusal: Option<Refusal>,
    ) -> Event {
        let kind = if self.transfer {
            Kind::Transfer
        } else {
            Kind::Request
        };
        let mut event = Event::new(self.at_unix_ms, self.line, &self.decision, kind);
        event.method = self.method;
        self.route.clone_into(&mut event.route);
        self.operation.clone_into(&mut event.operation);
        event.status = status.as_u16();
        event.outcome = outcome;
        event.denial = refusal.map(|refusal| refusal.code().to_owned());
        event.subject = self.subject;
        event.tenant = self.tenant;
        let (verdict, default) = match (refusal, outcome) {
            (None, _) => (Verdict::Passed, "typed decoding, values bound"),
            (Some(_), Outcome::Failed) => (Verdict::Failed, "could not be carried out"),
            (Some(_), Outcome::Allowed | Outcome::Refused) => {
                (Verdict::Refused, "refused before or by the statement")
            }
        };
        let fact = if self.fact.is_empty() {
            default.to_owned()
        } else {
            self.fact
        };
        let (judged, why) = match self.rows {
            Rows::Unasked => (Verdict::Skipped, "the database was not asked"),
            Rows::Unjudged => (Verdict::Skipped, "absent: SQLite has no row-level security"),
            Rows::Judged => (Verdict::Passed, "row-level security under a signed context"),
            Rows::Hidden => (Verdict::Refused, "no such row under the signed context"),
        };
        event.controls = vec![
            Control::new(SERVICE_STATEMENT, verdict, fact),
            Control::new(DATA_RLS, judged, why),
        ];
        event
    }
}

/// An error with its sources, for the operator's log.
struct Chain<'a>(&'a StoreError);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = std::error::Error::source(self.0);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
