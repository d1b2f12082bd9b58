//! Step 14, record: every request leaves one event, and nothing is answered that could not be recorded.

use std::borrow::Cow;

use vauban_audit::{Control, Event, Kind, Log, Outcome, Verdict};
use vauban_net::Body;
use vauban_policy::{Behind, Denial, Operation, Service};

use crate::LINE;
use crate::answer::{self, Filtered};
use crate::decision::Decision;
use crate::parts::Found;

/// The event of one request while it grows.
#[derive(Debug)]
pub(crate) struct Trail {
    event: Event,
    /// Whether an answer that succeeds must wait until the event is durable.
    durable: bool,
}

impl Trail {
    /// The trail of a request that has just arrived.
    pub(crate) fn new(now_unix_ms: u64, decision: &Decision) -> Self {
        let mut event = Event::new(now_unix_ms, LINE, decision.as_str(), Kind::Request);
        event.controls.reserve_exact(13);
        Self {
            event,
            durable: false,
        }
    }

    /// Notes where the request came from and what it asked for.
    pub(crate) fn came_from(&mut self, peer: Option<String>, method: &str) {
        self.event.peer = peer;
        method.clone_into(&mut self.event.method);
    }

    /// Notes what the request turned out to ask for.
    pub(crate) fn asks_for(&mut self, route: &str, service: &Service, operation: &Operation) {
        route.clone_into(&mut self.event.route);
        operation.id.clone_into(&mut self.event.operation);
        self.durable = !operation.effect_safe;
        if matches!(service.behind, Behind::Authority) {
            self.event.kind = match operation.id.as_str() {
                "login" => Kind::Login,
                "refresh" => Kind::Refresh,
                "logout" => Kind::Logout,
                _ => Kind::Request,
            };
        }
    }

    /// Notes who was identified.
    pub(crate) fn is_by(&mut self, claims: &vauban_token::Claims) {
        self.event.subject = Some(claims.subject.clone());
        self.event.client_id = Some(claims.client_id.clone());
        self.event.tenant = Some(claims.tenant.clone());
        self.event.session = Some(claims.session.clone());
    }

    /// A control agreed.
    pub(crate) fn passed(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Passed, fact));
    }

    /// A control said no.
    pub(crate) fn refused(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Refused, fact));
    }

    /// The path, once it is known which parts of it are a credential.
    pub(crate) fn restate(&mut self, control: &'static str, fact: &str) {
        let controls = self.event.controls.iter_mut();
        for one in controls.filter(|one| one.name == control) {
            one.fact = fact.to_owned().into();
        }
    }

    /// A control has looked for what is hostile, and agreed or not.
    pub(crate) fn inspected(&mut self, control: &'static str, verdict: Verdict, found: Found) {
        let before = self.event.controls.iter_mut();
        for finding in before.flat_map(|control| &mut control.findings) {
            if found.withdrawn.contains(&finding.rule) {
                finding.value = None;
            }
        }
        let mut control = Control::new(control, verdict, found.fact);
        (control.findings, control.more) = (found.findings, found.more);
        self.event.controls.push(control);
    }

    /// A control was not asked.
    pub(crate) fn skipped(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Skipped, fact));
    }

    /// A control could not say.
    pub(crate) fn failed(&mut self, control: &'static str, fact: impl Into<Cow<'static, str>>) {
        self.event
            .controls
            .push(Control::new(control, Verdict::Failed, fact));
    }
}

/// Records how it ended, then makes the answer. An answer that could not be recorded is replaced by a refusal.
pub(crate) async fn conclude(
    log: &Log,
    decision: &Decision,
    mut trail: Trail,
    judged: Result<Filtered, Denial>,
) -> http::Response<Body> {
    let event = &mut trail.event;
    let recorded = match &judged {
        Ok(filtered) => {
            event.status = filtered.status();
            event.outcome = Outcome::Allowed;
            if trail.durable {
                log.record(trail.event).await
            } else {
                log.note(&trail.event)
            }
        }
        Err(denial) => {
            event.status = denial.status();
            event.denial = Some(denial.code().to_owned());
            event.outcome = if denial.status() < 500 {
                Outcome::Refused
            } else {
                Outcome::Failed
            };
            log.record(trail.event).await
        }
    };
    match (recorded, judged) {
        (Ok(()), Ok(filtered)) => answer::accepted(filtered, decision),
        (Ok(()), Err(denial)) => answer::refusal(&denial, decision),
        (Err(error), _) => {
            tracing::error!(decision = decision.as_str(), error = %error, "decision could not be recorded");
            answer::refusal(&Denial::AuditUnavailable, decision)
        }
    }
}
