//! Step 8, authorize: any of the route's roles and all of its permissions, or no permit.

use vauban_audit::control;
use vauban_policy::{Authenticate, Denial};

use crate::budget::Charged;
use crate::parts::Judge;
use crate::record::Trail;

/// A request that its caller may make.
#[derive(Debug)]
pub(crate) struct Permit<'p> {
    charged: Charged<'p>,
}

impl<'p> Permit<'p> {
    /// The evidence before.
    pub(crate) fn charged(&self) -> &Charged<'p> {
        &self.charged
    }
}

/// Compares what the route asks for with what the caller's token holds.
pub(crate) fn authorize<'p>(
    charged: Charged<'p>,
    roles: &dyn Judge,
    permissions: &dyn Judge,
    trail: &mut Trail,
) -> Result<Permit<'p>, Denial> {
    let route = charged.identified().matched().route();
    match (&route.authenticate, charged.identified().caller()) {
        (Authenticate::None { .. }, _) => {
            trail.skipped(control::EDGE_ROLES, "route asks nobody");
            trail.skipped(control::EDGE_PERMISSIONS, "route asks nobody");
        }
        (Authenticate::Jwt, None) => {
            trail.failed(control::EDGE_ROLES, "nobody was identified");
            return Err(Denial::TokenMissing);
        }
        (Authenticate::Jwt, Some(claims)) => {
            if !roles.judge(&route.authorize.roles, &claims.roles) {
                trail.refused(
                    control::EDGE_ROLES,
                    compared("any of", &route.authorize.roles, &claims.roles),
                );
                return Err(Denial::RoleMissing);
            }
            trail.passed(
                control::EDGE_ROLES,
                compared("any of", &route.authorize.roles, &claims.roles),
            );
            let wanted = &route.authorize.permissions;
            if !permissions.judge(wanted, &claims.permissions) {
                trail.refused(
                    control::EDGE_PERMISSIONS,
                    compared("all of", wanted, &claims.permissions),
                );
                return Err(Denial::PermissionMissing);
            }
            trail.passed(
                control::EDGE_PERMISSIONS,
                compared("all of", wanted, &claims.permissions),
            );
        }
    }
    Ok(Permit { charged })
}

fn compared(how: &str, wanted: &[String], held: &[String]) -> String {
    format!(
        "{how} [{}], token has [{}]",
        wanted.join(" "),
        held.join(" ")
    )
}
