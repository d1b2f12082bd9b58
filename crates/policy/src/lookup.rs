//! Finding things in a plan. Routes are found through an automaton built at load: one map look-up per segment, however many
//! routes there are and however they overlap.

use std::collections::BTreeMap;

use vauban_http::CanonicalPath;

use crate::openapi::Operation;
use crate::plan::{Behind, Call, Line, Listener, OperationRef, Plan, Route, Service};
use crate::template::{PathTemplate, Segment};

/// Most states of the automaton; routes that need more overlap in too many ways.
const STATES_MAX: usize = 65_536;

/// The route that a path belongs to.
#[derive(Debug)]
pub struct RouteMatch<'p> {
    /// The route.
    pub route: &'p Route,
    /// Its parameters, decoded.
    pub parameters: Vec<(String, String)>,
}

impl Plan {
    /// The route of a path; `None` is a refusal. Literal segments beat parameters, from left to right.
    pub fn route(&self, path: &CanonicalPath) -> Option<RouteMatch<'_>> {
        let route = self.routes.get(self.index.find(path.segments())?)?;
        let parameters = route.path.matches(path)?;
        Some(RouteMatch { route, parameters })
    }

    /// A route's operation and its service.
    #[expect(
        clippy::indexing_slicing,
        reason = "an OperationRef is made by load alone, together with what it refers to"
    )]
    pub fn operation(&self, at: OperationRef) -> (&Service, &Operation) {
        let service = &self.services[at.service];
        (service, &service.document.operations[at.operation])
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// A listener by name.
    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    /// The listener of a line.
    pub fn listener_of(&self, line: &Line) -> Option<&Listener> {
        self.listeners
            .iter()
            .find(|listener| listener.line == *line)
    }

    /// SPIFFE id of the edge.
    pub fn spiffe_edge(&self) -> String {
        format!("spiffe://{}/line/edge", self.trust_domain)
    }

    /// SPIFFE id of the authority.
    pub fn spiffe_authority(&self) -> String {
        format!("spiffe://{}/line/authority", self.trust_domain)
    }

    /// SPIFFE id of a service's guard.
    pub fn spiffe_guard(&self, service: &str) -> String {
        format!("spiffe://{}/guard/{service}", self.trust_domain)
    }

    /// SPIFFE id of a service.
    pub fn spiffe_service(&self, service: &str) -> String {
        format!("spiffe://{}/service/{service}", self.trust_domain)
    }

    /// SPIFFE ids of the workloads that the plan knows: the edge, every guard, every service.
    ///
    /// The authority is not among them: it signs its own certificate, so whoever asks for one in its name is somebody else.
    pub fn workloads(&self) -> Vec<String> {
        let mut workloads = vec![self.spiffe_edge()];
        for service in &self.services {
            match service.behind {
                Behind::Guard(_) => {
                    workloads.push(self.spiffe_guard(&service.name));
                    workloads.push(self.spiffe_service(&service.name));
                }
                Behind::Unguarded { .. } => workloads.push(self.spiffe_service(&service.name)),
                Behind::Authority => {}
            }
        }
        workloads
    }

    /// Permissions of a token: what the roles grant and the client may carry, sorted. An unknown client has none.
    pub fn permissions_of(&self, roles: &[String], client_id: &str) -> Vec<String> {
        let Some(client) = self.clients.iter().find(|client| client.id == client_id) else {
            return Vec::new();
        };
        let mut permissions: Vec<String> = roles
            .iter()
            .filter_map(|role| self.issuer.roles.get(role))
            .flatten()
            .filter(|permission| client.permissions.contains(permission))
            .cloned()
            .collect();
        permissions.sort_unstable();
        permissions.dedup();
        permissions
    }

    /// Declared calls to a service.
    pub fn callers_of(&self, service: &str) -> Vec<&Call> {
        self.calls
            .iter()
            .filter(|call| call.to == service)
            .collect()
    }
}

impl Call {
    /// True when the call covers this operation.
    pub fn covers(&self, operation: &str) -> bool {
        self.operations
            .as_ref()
            .is_none_or(|listed| listed.iter().any(|one| one == operation))
    }
}

/// The automaton over the segments of paths.
#[derive(Debug, Default)]
pub struct RouteIndex {
    states: Vec<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The route that ends here.
    route: Option<usize>,
    /// Segments that some template names literally.
    literals: BTreeMap<String, usize>,
    /// Any other segment.
    other: Option<usize>,
}

/// The routes still possible after some segments, best first.
type Alive = Vec<usize>;

impl RouteIndex {
    /// Builds the automaton; `None` when the templates overlap in too many ways.
    pub(crate) fn build(templates: &[&PathTemplate]) -> Option<Self> {
        let mut order: Alive = (0..templates.len()).collect();
        order.sort_by_key(|route| templates.get(*route).map(|template| rank(template)));
        let mut index = Self {
            states: vec![State::default()],
        };
        let mut known: BTreeMap<(usize, Alive), usize> = BTreeMap::new();
        let mut todo = vec![(0, 0, order)];
        while let Some((state, depth, alive)) = todo.pop() {
            let end = |route: &&usize| {
                templates
                    .get(**route)
                    .is_some_and(|template| template.segments().len() == depth)
            };
            let mut built = State {
                route: alive.iter().find(end).copied(),
                ..State::default()
            };
            for word in words_at(templates, &alive, depth) {
                let next: Alive = alive
                    .iter()
                    .copied()
                    .filter(|route| goes_on(templates, *route, depth, word))
                    .collect();
                if next.is_empty() {
                    continue;
                }
                let key = (depth + 1, next);
                let target = known.get(&key).copied().unwrap_or(index.states.len());
                if target == index.states.len() {
                    index.states.push(State::default());
                    todo.push((target, depth + 1, key.1.clone()));
                    known.insert(key, target);
                }
                match word {
                    Some(word) => drop(built.literals.insert(word.to_owned(), target)),
                    None => built.other = Some(target),
                }
            }
            if let Some(slot) = index.states.get_mut(state) {
                *slot = built;
            }
            if index.states.len() > STATES_MAX {
                return None;
            }
        }
        Some(index)
    }

    fn find(&self, segments: &[String]) -> Option<usize> {
        let mut state = self.states.first()?;
        for segment in segments {
            let next = state.literals.get(segment).copied().or(state.other)?;
            state = self.states.get(next)?;
        }
        state.route
    }
}

/// Sorts literals before parameters, from left to right.
fn rank(template: &PathTemplate) -> Vec<bool> {
    template
        .segments()
        .iter()
        .map(|segment| matches!(segment, Segment::Parameter(_)))
        .collect()
}

/// The literal words at a depth, and `None` for every other word.
fn words_at<'t>(
    templates: &[&'t PathTemplate],
    alive: &[usize],
    depth: usize,
) -> Vec<Option<&'t str>> {
    let mut words = vec![None];
    for template in alive.iter().filter_map(|route| templates.get(*route)) {
        if let Some(Segment::Literal(word)) = template.segments().get(depth)
            && !words.contains(&Some(word.as_str()))
        {
            words.push(Some(word));
        }
    }
    words
}

/// True when the route is still possible after this word.
fn goes_on(templates: &[&PathTemplate], route: usize, depth: usize, word: Option<&str>) -> bool {
    match templates
        .get(route)
        .and_then(|template| template.segments().get(depth))
    {
        Some(Segment::Literal(literal)) => Some(literal.as_str()) == word,
        Some(Segment::Parameter(_)) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests;
