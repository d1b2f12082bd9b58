//! The running line: what it holds, what it does beside answering, and how it starts and stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{interval, sleep};
use vauban_audit::{Event, Kind, Log, Outcome, RecordError};
use vauban_http::HeadLimits;
use vauban_net::{
    Acceptor, ClientAuth, Clock, ServeError, ServerLimits, Socket, Stop, TlsError, Workload, serve,
    task,
};
use vauban_policy::{Behind, Plan};
use vauban_token::Profile;

use crate::LINE;
use crate::admin::{AdminError, ca_certificate, unix_s};
use crate::answer::Front;
use crate::ca::{CERTIFICATE_SECONDS, CaError, InternalCa};
use crate::call::Unable;
use crate::feed::Feed;
use crate::judge::Names;
use crate::keys::{KeysError, Ring};
use crate::oauth::{ClientKeys, UnusableKey};
use crate::parts::{Parts, Setting};
use crate::queue::Turns;
use crate::store::{Store, StoreError};

/// Longest request target, bytes: an authorization request is the longest.
const TARGET_BYTES_MAX: usize = 4096;
/// What is in flight when the order to stop comes has this long.
const DRAIN_TIME: Duration = Duration::from_secs(5);
/// How soon the line hears of a session that another process on the same machine ended, and that the database is lost.
const SETTLE_TIME: Duration = Duration::from_millis(50);
/// While the database is lost it is asked less often.
const LOST_TIME: Duration = Duration::from_millis(500);
const CLEAN_TIME: Duration = Duration::from_mins(1);
/// Expired rows stay this long, so that the log can say `expired` and not `unknown`.
const CLEAN_GRACE_SECONDS: u64 = 3_600;
/// How soon the line sees a rotation, and the loss and return of a token.
const KEYS_TIME: Duration = Duration::from_secs(1);
const RENEW_TIME: Duration = Duration::from_secs(10);

/// The line ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Something that was provisioned is missing or damaged.
    #[error(transparent)]
    State(#[from] AdminError),
    /// The authority's keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The line's own certificate.
    #[error("the authority's own certificate cannot be made")]
    Certificate(#[from] CaError),
    /// The line's own certificate cannot be used.
    #[error("the authority's own certificate cannot be used")]
    Tls(#[from] TlsError),
    /// The audit log does not take the first record.
    #[error("the authority's audit log does not record")]
    Audit(#[from] RecordError),
    /// A client's key in the plan.
    #[error(transparent)]
    ClientKey(#[from] UnusableKey),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Everything that an endpoint may use.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) plan: Arc<Plan>,
    pub(crate) parts: Parts,
    pub(crate) audit: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) ca: InternalCa,
    pub(crate) keys: Ring,
    pub(crate) client_keys: ClientKeys,
    pub(crate) profile: Profile,
    pub(crate) names: Names,
    pub(crate) hashing: Turns,
    pub(crate) feed: Feed,
    pub(crate) stop: Stop,
}

impl Authority {
    pub(crate) fn now(&self) -> u64 {
        unix_s(&*self.clock)
    }
}

/// Runs the line until the order to stop.
pub async fn run(
    plan: Arc<Plan>,
    setting: Setting,
    parts: Parts,
    socket: Socket,
    stop: Stop,
) -> Result<(), RunError> {
    let limits = limits(&plan);
    let authority = Arc::new(assemble(plan, setting, parts, stop.clone()).await?);
    let name = authority.plan.spiffe_authority();
    let workload = Workload::fixed(authority.ca.identity(&name, authority.now())?)?;
    authority
        .audit
        .record(event(&authority, Kind::Start))
        .await?;
    let beside = [
        task::spawn("settle revocations", settle(Arc::clone(&authority))),
        task::spawn("hear of ended sessions", listen(Arc::clone(&authority))),
        task::spawn("look at the keys", look(Arc::clone(&authority))),
        task::spawn("clean the registry", clean(Arc::clone(&authority))),
        task::spawn(
            "renew own certificate",
            renew(Arc::clone(&authority), workload.clone()),
        ),
    ];
    let served = serve(
        socket,
        Acceptor::Mutual(workload, ClientAuth::Optional),
        limits,
        Arc::new(Front(Arc::clone(&authority))),
        stop,
    )
    .await;
    for task in beside {
        task.abort();
    }
    if authority
        .audit
        .note(&event(&authority, Kind::Stop))
        .is_err()
    {
        tracing::warn!("the stop could not be recorded");
    }
    authority.store.close().await;
    Ok(served?)
}

async fn assemble(
    plan: Arc<Plan>,
    setting: Setting,
    parts: Parts,
    stop: Stop,
) -> Result<Authority, RunError> {
    let Setting {
        storage,
        keys,
        audit,
        clock,
    } = setting;
    let state = storage.state();
    let keys = Ring::open(state, &keys, &plan, unix_s(&*clock)).await?;
    let ca = InternalCa::new(&ca_certificate(state)?, keys.ca().await?)?;
    let store = storage.open().await?;
    let password = &plan.issuer.password;
    Ok(Authority {
        feed: Feed::new(store.clone(), audit.clone(), Arc::clone(&clock)),
        hashing: Turns::new(password.concurrency, password.queue_max),
        names: names(&plan),
        client_keys: ClientKeys::of(&plan)?,
        profile: Profile {
            issuer: plan.issuer.issuer.clone(),
            audience: plan.issuer.audience.clone(),
            life_seconds_max: plan.issuer.access_token_seconds,
        },
        plan,
        parts,
        audit,
        clock,
        store,
        ca,
        keys,
        stop,
    })
}

fn names(plan: &Plan) -> Names {
    let guarded = plan
        .services
        .iter()
        .filter(|service| matches!(service.behind, Behind::Guard(_)));
    Names {
        edge: plan.spiffe_edge(),
        guards: guarded
            .map(|service| plan.spiffe_guard(&service.name))
            .collect(),
        prefix: format!("spiffe://{}/", plan.trust_domain),
    }
}

fn limits(plan: &Plan) -> ServerLimits {
    let limits = &plan.limits;
    ServerLimits {
        head: HeadLimits {
            head_bytes_max: limits.head_bytes_max,
            headers_max: limits.headers_max,
            target_bytes_max: TARGET_BYTES_MAX,
        },
        header_time: Duration::from_secs(limits.header_seconds.into()),
        body_time: Duration::from_secs(limits.body_seconds.into()),
        connections_max: limits.connections_max,
        drain_time: DRAIN_TIME,
    }
}

fn event(authority: &Authority, kind: Kind) -> Event {
    let mut event = Event::new(authority.clock.unix_ms(), LINE, "", kind);
    event.outcome = Outcome::Allowed;
    event
}

async fn settle(authority: Arc<Authority>) {
    let mut failing = false;
    loop {
        let settled = authority.feed.settle().await;
        if let Err(denial) = &settled
            && !failing
        {
            tracing::error!(
                code = denial.code(),
                "an ended session could not be made known yet"
            );
        }
        if settled.is_ok() && failing {
            tracing::info!("ended sessions are made known again");
        }
        failing = settled.is_err();
        sleep(if failing { LOST_TIME } else { SETTLE_TIME }).await;
    }
}

async fn listen(authority: Arc<Authority>) {
    authority.feed.listen().await;
}

async fn look(authority: Arc<Authority>) {
    let mut ticks = interval(KEYS_TIME);
    loop {
        ticks.tick().await;
        authority.keys.probe(authority.now()).await;
        if let Err(error) = authority.keys.look(authority.now()).await {
            tracing::error!(%error, "the keys cannot be looked at; those at hand stay in use");
        }
    }
}

async fn clean(authority: Arc<Authority>) {
    let mut ticks = interval(CLEAN_TIME);
    loop {
        ticks.tick().await;
        if let Err(error) = forget_graces(&authority).await {
            let _reported = Unable::because(&error);
        }
        let before = authority.now().saturating_sub(CLEAN_GRACE_SECONDS);
        if let Err(error) = authority.store.clean_all(before).await {
            let _reported = Unable::because(&error);
        }
        // A used identifier is expired for good at its end: nothing is gained by keeping it longer.
        if let Err(error) = authority.store.clean_all_once(authority.now()).await {
            let _reported = Unable::because(&error);
        }
    }
}

/// A successor that nobody may ask for any more does not lie about for as long as other leftovers.
async fn forget_graces(authority: &Authority) -> Result<(), StoreError> {
    while authority.store.forget_graces(authority.now()).await? {}
    Ok(())
}

async fn renew(authority: Arc<Authority>, workload: Workload) {
    let name = authority.plan.spiffe_authority();
    let mut half_life = authority.now() + CERTIFICATE_SECONDS / 2;
    let mut ticks = interval(RENEW_TIME);
    loop {
        ticks.tick().await;
        if authority.now() < half_life {
            continue;
        }
        let renewed = authority
            .ca
            .identity(&name, authority.now())
            .map(|identity| workload.replace(identity));
        if let Ok(Ok(())) = renewed {
            half_life = authority.now() + CERTIFICATE_SECONDS / 2;
        } else {
            tracing::error!("the authority's own certificate could not be renewed; trying again");
        }
    }
}
