//! Running the edge until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use vauban_audit::{Event, Kind, Outcome};
use vauban_http::HeadLimits;
use vauban_net::{Acceptor, Clock, ServerLimits, Socket, Stop, serve, task};
use vauban_policy::Plan;

use crate::LINE;
use crate::parts::Parts;
use crate::pipeline::Edge;
use crate::setting::{RunError, Setting};

/// Longest request target, bytes.
const TARGET_BYTES_MAX: usize = 8192;
/// For requests in flight after the order to stop.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Serves on `socket` until told to stop, then until what is in flight is done. That it began is on record before anybody is
/// answered: a line that cannot record does not serve.
pub async fn run(
    plan: Arc<Plan>,
    setting: Setting,
    parts: Parts,
    socket: Socket,
    stop: Stop,
) -> Result<(), RunError> {
    let limits = ServerLimits {
        head: HeadLimits {
            head_bytes_max: plan.limits.head_bytes_max,
            headers_max: plan.limits.headers_max,
            target_bytes_max: TARGET_BYTES_MAX.min(plan.limits.head_bytes_max),
        },
        header_time: Duration::from_secs(plan.limits.header_seconds.into()),
        body_time: Duration::from_secs(plan.limits.body_seconds.into()),
        connections_max: plan.limits.connections_max,
        drain_time: DRAIN_TIME,
    };
    let acceptor = Acceptor::Public(setting.public_tls.clone());
    let (audit, clock) = (setting.audit.clone(), Arc::clone(&setting.clock));
    let (keys, exchange) = (Arc::clone(&parts.keys), Arc::clone(&parts.exchange));
    let edge = Arc::new(Edge::new(plan, setting, parts)?);
    audit.record(event(&*clock, Kind::Start)).await?;
    let keeping = stop.clone();
    let keeper = task::spawn("edge keys", async move { keys.keep(keeping).await });
    let following = stop.clone();
    let follower = task::spawn("edge revocations", async move {
        exchange.follow(following).await;
    });
    let served = serve(socket, acceptor, limits, edge, stop).await;
    keeper.abort();
    follower.abort();
    if audit.note(&event(&*clock, Kind::Stop)).is_err() {
        tracing::warn!("the stop could not be recorded");
    }
    Ok(served?)
}

/// The event of the line itself.
fn event(clock: &dyn Clock, kind: Kind) -> Event {
    let mut event = Event::new(clock.unix_ms(), LINE, "", kind);
    event.outcome = Outcome::Allowed;
    event
}
