//! What can be down, and in which combinations the attacks are played.

use std::collections::BTreeSet;

use vauban_audit::control;

/// One loss. Control losses answer "yes" to everything; the others are causes that a control's answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The edge believes every access token.
    EdgeToken,
    /// The edge asks for no role and no permission.
    EdgeRoles,
    /// The edge counts neither addresses nor users.
    EdgeBudgets,
    /// The edge runs no rule.
    EdgeInspect,
    /// The edge takes any parameter and body.
    EdgeContract,
    /// The authority believes what the edge says it read.
    Registry,
    /// The guard lets any workload in.
    GuardPeer,
    /// The guard believes every internal token, or none.
    GuardToken,
    /// The guard asks nobody whether the session lives.
    GuardSession,
    /// The guard counts nothing.
    GuardBudget,
    /// The guard lets everybody at every object.
    GuardOwnership,
    /// The edge's JWT library says "valid" to every signature.
    EdgeLibrary,
    /// The guard's JWT library says "valid" to every signature.
    GuardLibrary,
    /// The key that signs access tokens is stolen.
    AccessKey,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing is down: nothing may get through.
    AllUp,
    /// Everything is down: everything must get through.
    AllDown,
    /// One loss.
    KnockOut,
    /// Everything is down but one control.
    Solo,
}

/// One configuration.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Stable identifier, e.g. `edge.token` or `solo:edge.token`.
    pub(crate) id: String,
    /// What is down, in words.
    pub(crate) title: &'static str,
    /// Two short words that head the column in the matrix.
    pub(crate) head: (&'static str, &'static str),
    pub(crate) kind: Kind,
    /// The controls that this column takes away, or leaves alone in a solo run.
    pub(crate) controls: &'static [&'static str],
    pub(crate) down: BTreeSet<Fault>,
    /// Whether forged subjects are signed with the stolen key as well.
    pub(crate) forge_with_access_key: bool,
}

/// A loss as a column.
struct Loss {
    fault: Fault,
    id: &'static str,
    title: &'static str,
    head: (&'static str, &'static str),
    controls: &'static [&'static str],
    quick: bool,
}

const LOSSES: &[Loss] = &[
    Loss {
        fault: Fault::EdgeToken,
        id: control::EDGE_TOKEN,
        title: "the edge believes every access token",
        head: ("edge", "tok"),
        controls: &[control::EDGE_TOKEN],
        quick: true,
    },
    Loss {
        fault: Fault::EdgeRoles,
        id: control::EDGE_ROLES,
        title: "the edge asks for no role and no permission",
        head: ("edge", "role"),
        controls: &[control::EDGE_ROLES, control::EDGE_PERMISSIONS],
        quick: false,
    },
    Loss {
        fault: Fault::EdgeBudgets,
        id: "edge.budget",
        title: "the edge counts neither addresses nor users",
        head: ("edge", "lim"),
        controls: &[control::EDGE_BUDGET_IP, control::EDGE_BUDGET_USER],
        quick: false,
    },
    Loss {
        fault: Fault::EdgeInspect,
        id: control::EDGE_INSPECT,
        title: "the edge runs no rule",
        head: ("edge", "waf"),
        controls: &[control::EDGE_INSPECT],
        quick: false,
    },
    Loss {
        fault: Fault::Registry,
        id: control::AUTHORITY_REGISTRY,
        title: "the authority believes what the edge says",
        head: ("auth", "reg"),
        controls: &[control::AUTHORITY_REGISTRY],
        quick: false,
    },
    Loss {
        fault: Fault::GuardPeer,
        id: control::GUARD_PEER,
        title: "the guard lets any workload in",
        head: ("grd", "peer"),
        controls: &[control::GUARD_PEER],
        quick: false,
    },
    Loss {
        fault: Fault::GuardToken,
        id: control::GUARD_TOKEN,
        title: "the guard believes any internal token, or none",
        head: ("grd", "tok"),
        controls: &[control::GUARD_TOKEN],
        quick: false,
    },
    Loss {
        fault: Fault::GuardSession,
        id: control::GUARD_SESSION,
        title: "the guard asks nobody whether the session lives",
        head: ("grd", "sess"),
        controls: &[control::GUARD_SESSION],
        quick: false,
    },
    Loss {
        fault: Fault::GuardBudget,
        id: control::GUARD_BUDGET,
        title: "the guard counts nothing",
        head: ("grd", "lim"),
        controls: &[control::GUARD_BUDGET],
        quick: false,
    },
    Loss {
        fault: Fault::GuardOwnership,
        id: control::GUARD_OWNERSHIP,
        title: "the guard lets everybody at every object",
        head: ("grd", "own"),
        controls: &[control::GUARD_OWNERSHIP],
        quick: true,
    },
    Loss {
        fault: Fault::EdgeLibrary,
        id: "library.edge",
        title: "the edge's JWT library says `valid` to every signature",
        head: ("lib", "edge"),
        controls: &[],
        quick: true,
    },
    Loss {
        fault: Fault::GuardLibrary,
        id: "library.guard",
        title: "the guard's JWT library says `valid` to every signature",
        head: ("lib", "grd"),
        controls: &[],
        quick: false,
    },
    Loss {
        fault: Fault::AccessKey,
        id: "key.access",
        title: "the key that signs access tokens is stolen",
        head: ("key", "A"),
        controls: &[],
        quick: false,
    },
];

/// Everything that is open in the all-down run.
const ALL: &[Fault] = &[
    Fault::EdgeToken,
    Fault::EdgeRoles,
    Fault::EdgeBudgets,
    Fault::EdgeInspect,
    Fault::EdgeContract,
    Fault::Registry,
    Fault::GuardPeer,
    Fault::GuardToken,
    Fault::GuardSession,
    Fault::GuardBudget,
    Fault::GuardOwnership,
    Fault::EdgeLibrary,
    Fault::GuardLibrary,
    Fault::AccessKey,
];

/// Which columns and rows are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Full,
    /// Baselines and three losses.
    Quick,
    /// The rows and losses of one story.
    Story(&'static Story),
}

/// A part of the matrix that tells something by itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) id: &'static str,
    pub(crate) moral: &'static str,
    rows: &'static [&'static str],
    losses: &'static [&'static str],
}

/// The stories that can be played alone.
pub(crate) const STORIES: &[Story] = &[
    Story {
        id: "jwt-is-not-ownership",
        moral: "A valid token says who asks, never what is theirs: only the check of the stored owner stops these.",
        rows: &["A01", "A02", "A04"],
        losses: &[
            control::EDGE_TOKEN,
            control::GUARD_TOKEN,
            control::GUARD_OWNERSHIP,
        ],
    },
    Story {
        id: "one-jwt-library",
        moral: "When one JWT library lies, the next line must not ask the same library, the same key or the same claims.",
        rows: &["A30", "A32", "A36", "FORGED-SUB"],
        losses: &[
            control::EDGE_TOKEN,
            "library.edge",
            "library.guard",
            "key.access",
        ],
    },
    Story {
        id: "flat-inside",
        moral: "A service in the attacker's hands has a certificate and a place inside; neither may open another service.",
        rows: &["A35", "A80"],
        losses: &[
            control::GUARD_PEER,
            control::GUARD_TOKEN,
            control::GUARD_SESSION,
        ],
    },
    Story {
        id: "spoofed-limit-key",
        moral: "A budget counts only as long as the attacker cannot choose whose it is.",
        rows: &["A23", "FLOOD-IP", "FLOOD-USER"],
        losses: &["edge.budget", control::GUARD_BUDGET],
    },
];

impl Extent {
    /// In one word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quick => "quick",
            Self::Story(story) => story.id,
        }
    }

    /// Whether this attack is played.
    pub(crate) fn has_row(self, id: &str) -> bool {
        match self {
            Self::Full | Self::Quick => true,
            Self::Story(story) => story.rows.contains(&id),
        }
    }

    fn has_loss(self, loss: &Loss) -> bool {
        match self {
            Self::Full => true,
            Self::Quick => loss.quick,
            Self::Story(story) => story.losses.contains(&loss.id),
        }
    }

    /// The configurations, in the order of the report: all up, losses, all down, solo runs.
    pub(crate) fn columns(self) -> Vec<Column> {
        let mut columns = vec![baseline(
            "all-up",
            "nothing is down",
            ("all", "up"),
            Kind::AllUp,
            &[],
        )];
        columns.extend(
            LOSSES
                .iter()
                .filter(|loss| self.has_loss(loss))
                .map(knock_out),
        );
        columns.push(baseline(
            "all-down",
            "everything is down",
            ("all", "down"),
            Kind::AllDown,
            ALL,
        ));
        if self == Self::Full {
            columns.extend(
                LOSSES
                    .iter()
                    .filter(|loss| !loss.controls.is_empty())
                    .map(solo),
            );
        }
        columns
    }
}

fn baseline(
    id: &str,
    title: &'static str,
    head: (&'static str, &'static str),
    kind: Kind,
    down: &[Fault],
) -> Column {
    Column {
        id: id.to_owned(),
        title,
        head,
        kind,
        controls: &[],
        down: down.iter().copied().collect(),
        forge_with_access_key: kind == Kind::AllDown,
    }
}

fn knock_out(loss: &Loss) -> Column {
    Column {
        id: loss.id.to_owned(),
        title: loss.title,
        head: loss.head,
        kind: Kind::KnockOut,
        controls: loss.controls,
        down: BTreeSet::from([loss.fault]),
        forge_with_access_key: loss.fault == Fault::AccessKey,
    }
}

/// Everything down but one control, whose library tells the truth. The stolen key only mints here: a forged subject is an
/// attack of its own, without the key.
fn solo(loss: &Loss) -> Column {
    let spared = [loss.fault, Fault::EdgeLibrary, Fault::GuardLibrary];
    Column {
        id: format!("solo:{}", loss.id),
        title: loss.title,
        head: loss.head,
        kind: Kind::Solo,
        controls: loss.controls,
        down: ALL
            .iter()
            .copied()
            .filter(|fault| !spared.contains(fault))
            .collect(),
        forge_with_access_key: false,
    }
}

#[cfg(test)]
mod tests;
