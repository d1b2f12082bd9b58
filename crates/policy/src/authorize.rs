//! May this caller use this route? Any listed role and all listed permissions.

use crate::{Authenticate, Denial, Principal, Route};

/// Decides whether the caller may use the route.
///
/// A route that asks nobody lets everybody through. Every other route needs a principal, any one of its roles (if it lists
/// some) and all of its permissions.
pub fn authorize(route: &Route, principal: Option<&Principal>) -> Result<(), Denial> {
    match &route.authenticate {
        Authenticate::None { .. } => Ok(()),
        Authenticate::Jwt => {
            let principal = principal.ok_or(Denial::TokenMissing)?;
            judge_roles(route, principal)?;
            judge_permissions(route, principal)
        }
    }
}

fn judge_roles(route: &Route, principal: &Principal) -> Result<(), Denial> {
    let wanted = &route.authorize.roles;
    if wanted.is_empty() || wanted.iter().any(|role| principal.roles.contains(role)) {
        Ok(())
    } else {
        Err(Denial::RoleMissing)
    }
}

fn judge_permissions(route: &Route, principal: &Principal) -> Result<(), Denial> {
    let has = |permission| principal.permissions.contains(permission);
    if route.authorize.permissions.iter().all(has) {
        Ok(())
    } else {
        Err(Denial::PermissionMissing)
    }
}
