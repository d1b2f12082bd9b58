//! Sixth step: the object is the subject's, on what is stored and never on what is asked.

use vauban_audit::control;
use vauban_policy::contract::{Reading, Scalar};
use vauban_policy::{Denial, Evidence, Foreign, Locate, ObjectRule, Ownership, Place, Principal};

use crate::budget::Paid;
use crate::line::GuardLine;
use crate::parts::{Asking, ClaimedOwner, NamedObject, Question, Verdict};
use crate::read::Asked;
use crate::record::Trail;
use crate::strict::Json;

/// Evidence: the subject may do this to that object.
#[derive(Debug)]
pub(crate) struct Owned<'p> {
    paid: Paid<'p>,
}

impl<'p> Owned<'p> {
    /// What was asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        self.paid.asked()
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> &Principal {
        self.paid.principal()
    }
}

/// Asks whose the object is.
pub(crate) async fn judge<'p>(
    line: &GuardLine,
    paid: Paid<'p>,
    trail: &mut Trail,
) -> Result<Owned<'p>, Denial> {
    let asked = paid.asked();
    let ownership = &asked.operation().ownership;
    let about = match ownership {
        Ownership::Object(rule) => Asking::Object(name_object(rule, asked)),
        Ownership::NoObject => Asking::Service {
            name: &line.service().name,
            zone: &line.service().zone,
        },
        Ownership::Public { because } => {
            trail.skipped(
                control::GUARD_OWNERSHIP,
                format!("public object: {because}"),
            );
            return Ok(Owned { paid });
        }
        Ownership::Unowned { because } => {
            trail.skipped(
                control::GUARD_OWNERSHIP,
                format!("danger-unowned: {because}"),
            );
            return Ok(Owned { paid });
        }
        Ownership::Undeclared { parameters } => {
            trail.refused(
                control::GUARD_OWNERSHIP,
                format!("nobody declared whose {} is", parameters.join(", ")),
            );
            return Err(Denial::ObjectUndeclared);
        }
    };
    let principal = paid.principal();
    let question = Question {
        subject: &principal.subject,
        tenant: &principal.tenant,
        roles: &principal.roles,
        permissions: &principal.permissions,
        caller: asked.connected().spiffe().unwrap_or_default(),
        action: &asked.operation().action,
        about,
    };
    match line
        .parts
        .ownership
        .judge(&question, line.parts.facts.as_ref())
        .await
    {
        Verdict::Allowed(fact) => {
            trail.passed(control::GUARD_OWNERSHIP, fact);
            Ok(Owned { paid })
        }
        Verdict::Foreign(fact) => {
            trail.refused(control::GUARD_OWNERSHIP, fact);
            Err(foreign(ownership))
        }
        Verdict::Undecided(fact) => {
            trail.failed(control::GUARD_OWNERSHIP, fact);
            Err(Denial::DecisionError)
        }
        Verdict::Unavailable(fact) => {
            trail.failed(control::GUARD_OWNERSHIP, fact);
            Err(Denial::FactsUnavailable)
        }
    }
}

/// How the operation answers for what is not the subject's. A missing row takes the same way, so that nobody learns which.
fn foreign(ownership: &Ownership) -> Denial {
    match ownership {
        Ownership::Object(ObjectRule {
            foreign: Foreign::NotFound,
            ..
        }) => Denial::ObjectForeignHidden,
        Ownership::Object(ObjectRule {
            foreign: Foreign::Forbidden,
            ..
        }) => Denial::ObjectForeign,
        Ownership::NoObject | Ownership::Public { .. } | Ownership::Unowned { .. } => {
            Denial::PermissionMissing
        }
        Ownership::Undeclared { .. } => Denial::ObjectUndeclared,
    }
}

/// The object that the request names, where the operation says that it is named. Two names are none.
fn name_object<'a>(rule: &'a ObjectRule, asked: &'a Asked<'_>) -> NamedObject<'a> {
    let (id, integer) = match &rule.locate {
        Locate::Path(name) => (
            only(asked.path_parameters(), name),
            declares_integer(asked, Place::Path, name),
        ),
        Locate::Query(name) => (
            only(asked.target().query.pairs(), name),
            declares_integer(asked, Place::Query, name),
        ),
        Locate::Header(name) => (
            asked.single_header(name).map(str::to_owned),
            declares_integer(asked, Place::Header, name),
        ),
        Locate::Body(pointer) => in_body(asked.json().and_then(|json| json.at(pointer))),
    };
    let claimed_owner = match &rule.evidence {
        Evidence::Stored => None,
        Evidence::DangerHeader(header) => Some(ClaimedOwner {
            header: header.clone(),
            owner: asked.single_header(header).map(str::to_owned),
        }),
    };
    NamedObject {
        entity: &rule.entity,
        id,
        integer,
        claimed_owner,
    }
}

fn only(pairs: &[(String, String)], name: &str) -> Option<String> {
    let mut values = pairs
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.clone()),
        (None | Some(_), _) => None,
    }
}

/// A text or a number as it is written; a number must be a canonical integer.
fn in_body(value: Option<&Json>) -> (Option<String>, bool) {
    match value {
        Some(Json::Text(text)) => (Some(text.clone()), false),
        Some(Json::Number(written)) => (Some(written.clone()), true),
        Some(Json::Null | Json::Boolean(_) | Json::List(_) | Json::Object(_)) | None => {
            (None, false)
        }
    }
}

fn declares_integer(asked: &Asked<'_>, place: Place, name: &str) -> bool {
    let same = |given: &str| {
        if place == Place::Header {
            given.eq_ignore_ascii_case(name)
        } else {
            given == name
        }
    };
    asked.operation().parameters.iter().any(|parameter| {
        parameter.place == place
            && same(&parameter.name)
            && parameter.reading == Reading::One(Scalar::Integer)
    })
}
