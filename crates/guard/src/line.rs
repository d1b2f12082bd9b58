//! The line itself: what it holds while it runs, and the order of its steps.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use vauban_audit::{Event, Kind, Log, Outcome, RecordError};
use vauban_http::HeadLimits;
use vauban_net::{
    Acceptor, Answer, Arrival, Body, ClientAuth, Clock, IncomingBody, Peer, ServeError,
    ServerLimits, Socket, Stop, Upstream, UpstreamLimits, serve,
};
use vauban_policy::{Denial, Operation, Plan, Service};

use crate::answer::Answered;
use crate::context::ContextKey;
use crate::parts::Parts;
use crate::record::Trail;
use crate::setting::{Setting, StartError};
use crate::{answer, budget, context, ownership, peer, read, record, relay, session, start, token};

/// Bytes of a service's answer at most.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Idle connections kept to the service.
const IDLE_MAX: usize = 64;

/// Why a guard did not run or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It refuses to start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The audit log does not take the first record.
    #[error("the guard's audit log does not record")]
    Audit(#[from] RecordError),
    /// Its listener failed.
    #[error("the guard's listener: {0}")]
    Serve(#[from] ServeError),
}

/// What a running guard holds.
#[derive(Debug)]
pub(crate) struct GuardLine {
    pub(crate) plan: Arc<Plan>,
    pub(crate) parts: Parts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: Log,
    pub(crate) upstream: Upstream,
    pub(crate) context_key: Option<ContextKey>,
    /// Index of the service in the plan, checked at start.
    service: usize,
}

impl GuardLine {
    /// The service behind this guard.
    #[expect(
        clippy::indexing_slicing,
        reason = "the index was found in this plan, which nobody can change"
    )]
    pub(crate) fn service(&self) -> &Service {
        &self.plan.services[self.service]
    }

    /// What it offers.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.service().document.operations
    }

    /// Every step in its order; each needs the evidence of the one before.
    async fn decide(
        &self,
        head: http::request::Parts,
        body: IncomingBody,
        peer: &Peer,
        trail: &mut Trail,
    ) -> Result<Answered, Denial> {
        let connected = peer::connect(self, peer, trail)?;
        trail.follow(read::single(&head.headers, read::DECISION));
        let asked = read::read(self, connected, head, body, trail).await?;
        let declared = peer::declare(self, asked, trail)?;
        let identified = token::identify(self, declared, trail).await?;
        let live = session::confirm(self, identified, trail).await?;
        let paid = budget::spend(self, live, trail)?;
        let owned = ownership::judge(self, paid, trail).await?;
        let sealed = context::seal(self, owned)?;
        let relayed = relay::send(self, sealed, trail).await?;
        answer::filter(relayed)
    }
}

impl Answer for GuardLine {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let mut trail = Trail::new(self.clock.unix_ms());
        match arrival {
            Arrival::Request(head, body, peer) => {
                let effect_safe = head.method.is_safe();
                let decided = self.decide(head, body, &peer, &mut trail).await;
                record::finish(self, trail, effect_safe, decided).await
            }
            Arrival::Refused(refusal, peer) => {
                trail.peer = peer.spiffe;
                record::finish(self, trail, true, Err(Denial::Framing(refusal))).await
            }
        }
    }
}

/// Runs the guard of `setting.service` until the order to stop. Refuses to start unless every control has what it needs, and
/// that it began is on record before anybody is answered.
pub async fn run(
    plan: Arc<Plan>,
    setting: Setting,
    parts: Parts,
    socket: Socket,
    stop: Stop,
) -> Result<(), RunError> {
    start::check(&plan, &setting)?;
    let service = start::service_index(&plan, &setting.service)?;
    let facts_refused = |error: crate::parts::FactsError| StartError::Facts {
        service: setting.service.clone(),
        message: error.to_string(),
    };
    parts.facts.prepare().await.map_err(facts_refused)?;
    let context_key = setting
        .context_key
        .as_ref()
        .map(|secret| ContextKey::read(secret, &setting.service))
        .transpose()?;
    let limits = &plan.limits;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let upstream_limits = UpstreamLimits {
        answer_time: seconds(limits.upstream_seconds),
        answer_bytes_max: ANSWER_BYTES_MAX,
        idle_max: IDLE_MAX,
    };
    let server_limits = ServerLimits {
        head: HeadLimits {
            // The edge adds the internal token to what it received.
            head_bytes_max: limits.head_bytes_max + start::INTERNAL_HEAD_BYTES,
            headers_max: limits.headers_max,
            target_bytes_max: limits.head_bytes_max,
        },
        header_time: seconds(limits.header_seconds),
        body_time: seconds(limits.body_seconds),
        connections_max: limits.connections_max,
        drain_time: seconds(limits.upstream_seconds),
    };
    let line = GuardLine {
        parts,
        clock: Arc::clone(&setting.clock),
        audit: setting.audit.clone(),
        upstream: Upstream::unix(setting.socket_path.clone(), upstream_limits),
        context_key,
        service,
        plan,
    };
    let acceptor = Acceptor::Mutual(setting.workload.clone(), ClientAuth::Required);
    let (audit, clock) = (setting.audit, setting.clock);
    audit.record(event(&audit, &*clock, Kind::Start)).await?;
    let served = serve(socket, acceptor, server_limits, Arc::new(line), stop).await;
    if audit.note(&event(&audit, &*clock, Kind::Stop)).is_err() {
        tracing::warn!("the stop could not be recorded");
    }
    Ok(served?)
}

/// The event of the line itself.
fn event(audit: &Log, clock: &dyn Clock, kind: Kind) -> Event {
    let mut event = Event::new(clock.unix_ms(), audit.line().to_owned(), "", kind);
    event.outcome = Outcome::Allowed;
    event
}
