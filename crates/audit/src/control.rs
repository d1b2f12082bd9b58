//! The names of the controls, one constant each, so that every line writes the same word for the same check.

/// The raw head of the request was framed without ambiguity.
pub const EDGE_FRAMING: &str = "edge.framing";
/// Path and query have exactly one reading.
pub const EDGE_CANONICAL: &str = "edge.canonical";
/// The authority of the request is a host this listener serves.
pub const EDGE_HOST: &str = "edge.host";
/// The budget of the client address.
pub const EDGE_BUDGET_IP: &str = "edge.budget.ip";
/// A declared route and method matched.
pub const EDGE_ROUTE: &str = "edge.route";
/// Rules that look for hostile input, in head, body and answer.
pub const EDGE_INSPECT: &str = "edge.inspect";
/// The outer reading of the access token.
pub const EDGE_TOKEN: &str = "edge.token";
/// The budget of the subject.
pub const EDGE_BUDGET_USER: &str = "edge.budget.user";
/// One of the roles that the route lists.
pub const EDGE_ROLES: &str = "edge.roles";
/// All of the permissions that the route lists.
pub const EDGE_PERMISSIONS: &str = "edge.permissions";
/// Parameters and body against the operation's contract.
pub const EDGE_CONTRACT: &str = "edge.contract";
/// The exchange of the access token for an internal one.
pub const EDGE_EXCHANGE: &str = "edge.exchange";
/// The authority's own register of issued tokens.
pub const AUTHORITY_REGISTRY: &str = "authority.registry";
/// The password.
pub const AUTHORITY_PASSWORD: &str = "authority.password";
/// The budget of log-in attempts.
pub const AUTHORITY_THROTTLE: &str = "authority.throttle";
/// Single use of refresh tokens.
pub const AUTHORITY_ROTATION: &str = "authority.rotation";
/// Who a client of the OAuth endpoints proves to be.
pub const AUTHORITY_CLIENT: &str = "authority.client";
/// What an OAuth client asks for, against its registration and what was granted.
pub const AUTHORITY_GRANT: &str = "authority.grant";
/// Which workload may call this endpoint of the authority.
pub const AUTHORITY_CALLER: &str = "authority.caller";
/// Which workload may call this guard.
pub const GUARD_PEER: &str = "guard.peer";
/// The inner reading of the internal token.
pub const GUARD_TOKEN: &str = "guard.token";
/// The stored session is live and says what the token says.
pub const GUARD_SESSION: &str = "guard.session";
/// The budget of the operation.
pub const GUARD_BUDGET: &str = "guard.budget";
/// The stored row belongs to the subject.
pub const GUARD_OWNERSHIP: &str = "guard.ownership";
/// Row-level security inside the database.
pub const DATA_RLS: &str = "data.rls";
/// The service's own parameterised statement.
pub const SERVICE_STATEMENT: &str = "service.statement";

/// All of them, in the order in which a request meets them.
pub const ALL: &[&str] = &[
    EDGE_FRAMING,
    EDGE_CANONICAL,
    EDGE_HOST,
    EDGE_BUDGET_IP,
    EDGE_ROUTE,
    EDGE_INSPECT,
    EDGE_TOKEN,
    EDGE_BUDGET_USER,
    EDGE_ROLES,
    EDGE_PERMISSIONS,
    EDGE_CONTRACT,
    EDGE_EXCHANGE,
    AUTHORITY_REGISTRY,
    AUTHORITY_PASSWORD,
    AUTHORITY_THROTTLE,
    AUTHORITY_ROTATION,
    AUTHORITY_CLIENT,
    AUTHORITY_GRANT,
    AUTHORITY_CALLER,
    GUARD_PEER,
    GUARD_TOKEN,
    GUARD_SESSION,
    GUARD_BUDGET,
    GUARD_OWNERSHIP,
    DATA_RLS,
    SERVICE_STATEMENT,
];
