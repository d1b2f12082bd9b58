//! What must hold before the guard answers anything, and the parts that ship.

use std::sync::Arc;
use std::time::Duration;

use vauban_net::{Upstream, UpstreamLimits};
use vauban_policy::{Behind, GuardPlan, Mistake, Mistakes, Plan, Service};

use crate::budgets::PlanBudgets;
use crate::callers::DeclaredCallers;
use crate::cedar;
use crate::facts::{PostgresFacts, SqliteFacts, Statement, Statements};
use crate::internal::{InternalReader, JwtSimple, RemoteKeys};
use crate::judge;
use crate::parts::{Parts, ReadFacts};
use crate::sessions::RemoteSessions;
use crate::setting::{FactsSource, Setting, StartError};

/// Room for the internal token and the decision id in a request's head.
pub(crate) const INTERNAL_HEAD_BYTES: usize = 8192 + 512;
/// Bytes of an answer of the authority at most.
const AUTHORITY_ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Time for an answer of the authority.
const AUTHORITY_TIME: Duration = Duration::from_secs(3);
/// Idle connections kept to the authority.
const AUTHORITY_IDLE_MAX: usize = 16;

impl Parts {
    /// What the product runs. Refuses a policy, a budget or a facts setting that does not hold.
    ///
    /// The facts' database is opened by [`crate::run`], before anything is answered. Call this inside a tokio runtime.
    pub fn shipped(plan: &Arc<Plan>, setting: &Setting) -> Result<Self, StartError> {
        check(plan, setting)?;
        let (service, guard) = guarded(plan, &setting.service)?;
        let owner =
            cedar::load(&plan.file, service, guard).map_err(|mistakes| refused(plan, mistakes))?;
        let facts = open_facts(service, guard, setting, &owner)?;
        let limits = UpstreamLimits {
            answer_time: AUTHORITY_TIME,
            answer_bytes_max: AUTHORITY_ANSWER_BYTES_MAX,
            idle_max: AUTHORITY_IDLE_MAX,
        };
        let authority = Upstream::mutual(
            setting.authority,
            plan.spiffe_authority(),
            setting.workload.clone(),
            limits,
        );
        let keys = Arc::new(RemoteKeys::new(
            authority.clone(),
            Arc::clone(&setting.clock),
        ));
        let issuer = format!("{}/internal", plan.issuer.issuer);
        Ok(Self {
            peer: Arc::new(DeclaredCallers::new(plan, &setting.service)),
            token: Arc::new(InternalReader::new(issuer, setting.service.clone(), keys)),
            signature: Arc::new(JwtSimple),
            session: Arc::new(RemoteSessions::new(authority)),
            budget: Arc::new(PlanBudgets::new(plan, &setting.service)?),
            ownership: Arc::new(owner),
            facts,
        })
    }
}

/// What the plan itself must hold for this guard.
pub(crate) fn check(plan: &Plan, setting: &Setting) -> Result<(), StartError> {
    let (service, guard) = guarded(plan, &setting.service)?;
    let own = rustix::process::geteuid().as_raw();
    if let Some(expected) = guard.peer_uid.filter(|expected| *expected != own) {
        return Err(StartError::PeerUid {
            service: service.name.clone(),
            expected,
            own,
        });
    }
    let mut mistakes = judge::undeclared(service);
    mistakes.extend(judge::unstated(service, guard));
    if !mistakes.is_empty() {
        return Err(refused(plan, mistakes));
    }
    Ok(())
}

fn refused(plan: &Plan, mistakes: Vec<Mistake>) -> StartError {
    StartError::Plan(Mistakes::in_order(&plan.file, mistakes))
}

/// Where the service stands in the plan.
pub(crate) fn service_index(plan: &Plan, name: &str) -> Result<usize, StartError> {
    let position = plan
        .services
        .iter()
        .position(|service| service.name == name);
    position.ok_or_else(|| StartError::UnknownService(name.to_owned()))
}

fn guarded<'p>(plan: &'p Plan, name: &str) -> Result<(&'p Service, &'p GuardPlan), StartError> {
    let service = plan
        .service(name)
        .ok_or_else(|| StartError::UnknownService(name.to_owned()))?;
    match &service.behind {
        Behind::Guard(guard) => Ok((service, guard)),
        Behind::Unguarded { .. } | Behind::Authority => {
            Err(StartError::NotGuarded(name.to_owned()))
        }
    }
}

fn open_facts(
    service: &Service,
    guard: &GuardPlan,
    setting: &Setting,
    owner: &cedar::CedarOwner,
) -> Result<Arc<dyn ReadFacts>, StartError> {
    let refuse = |message: String| StartError::Facts {
        service: service.name.clone(),
        message,
    };
    let mut statements = Statements::new();
    for (entity, statement) in &guard.facts.objects {
        // The policy was judged: the schema has every entity that has a statement.
        if let Some(shape) = owner.shapes().get(entity) {
            let statement = Statement::new(&statement.text, shape.clone());
            statements.insert(entity.clone(), statement);
        }
    }
    Ok(match &setting.facts {
        FactsSource::Sqlite(path) => Arc::new(SqliteFacts::new(path.clone(), statements)),
        FactsSource::Postgres(url) => {
            let url = url
                .expose_text()
                .map(str::trim)
                .ok_or_else(|| refuse("the facts URL is not text".to_owned()))?;
            Arc::new(
                PostgresFacts::new(url, statements).map_err(|error| refuse(error.to_string()))?,
            )
        }
    })
}
