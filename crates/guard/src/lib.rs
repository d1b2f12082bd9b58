//! Level 2: the inner line. *May this caller, for this subject, have this object, whatever the edge said?*
//!
//! The guard stands beside one service, on the only road to it. It is the second, independent opinion: it reads another
//! token, signed with another key, with another library, and decides on what is stored instead of on what is claimed.
//!
//! It refuses to know how the edge decided: access tokens, its routes, its roles. It links neither `vauban-edge` nor
//! `vauban-token` nor `vauban-authority`; what it agrees on with the authority is written in `docs/internal-token.md`, and
//! both sides are tested from that file.
//!
//! Rejected: a guard that trusts identity headers of the edge inside mutual TLS. One mistake in the edge would then be a
//! mistake in both lines, which is what this line exists to prevent.
//!
//! The steps stand in one file each and run in this order: peer, read, peer's operation, token, session, budget,
//! ownership, context, relay, answer, record. A step takes the evidence of the step before, which only that step can make.

mod answer;
mod budget;
mod budgets;
mod callers;
mod cedar;
mod context;
mod facts;
mod internal;
mod judge;
mod line;
mod object_id;
mod ownership;
mod parts;
mod peer;
mod read;
mod record;
mod relay;
#[cfg(test)]
mod samples;
mod session;
mod sessions;
mod setting;
mod start;
mod strict;
mod token;

pub use internal::{InternalReader, JwtSimple, KeySource, RemoteKeys};
pub use judge::{judge_plan, judge_plan_to_run};
pub use line::{RunError, run};
pub use parts::{
    Answering, Asking, ClaimedOwner, Claims, Exhausted, Expected, Fact, FactsError,
    InternalRefusal, JudgeOwner, JudgePeer, JudgeSession, KeyError, LibraryRefusal, NamedObject,
    Parts, PeerRefusal, Presented, PublicKey, Question, ReadFacts, ReadInternal, Row,
    SessionRefusal, Spend, Spending, Verdict, VerifySignature,
};
pub use setting::{FactsSource, Setting, StartError};
