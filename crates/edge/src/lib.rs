//! The outer line: may this stranger's request go inside?
//!
//! A request passes these steps, one file each, in the order of [`pipeline`](self): accept, read, flood, matching, inspect (its
//! head), identify, budget, authorize, body, inspect (its body), contract, relay, answer; then it is recorded. Each step takes the evidence that the one before made, and
//! nobody else can make: to leave a step out does not compile. What is not allowed is refused, and so is what cannot be judged.
//!
//! The edge refuses to know who owns an object, how a password is checked and what an internal token says. It believes what it
//! read in a token only as far as its own doors; inside, the authority and the guard decide on other facts.
//!
//! Rejected: a middleware stack (tower layers). Its order is a list that somebody can edit, and a layer that is missing
//! compiles as well as one that is there.

mod accept;
mod address;
mod answer;
mod authorize;
mod body;
mod budget;
mod budgets;
mod contract;
mod decision;
mod disk;
mod exchange;
mod flood;
mod identify;
mod inspect;
mod keys;
mod matching;
mod memory;
mod parts;
mod pipeline;
mod read;
mod record;
mod relay;
mod reread;
mod run;
mod setting;

pub use budgets::Budgets;
pub use contract::Documents;
pub use decision::{Decision, Decisions};
pub use disk::{Disk, read_file, read_stream};
pub use exchange::CachedExchange;
pub use inspect::{Reread, RuleMistakes, Rules, SecLang};
pub use keys::AuthorityKeys;
pub use matching::{Hit, route_of};
pub use parts::{
    AllOf, AnyOf, Arrived, Ask, Exchange, ExchangeFault, Found, Inspect, Inspection, InternalToken,
    Judge, JudgeContract, KeepKeys, Leaving, Overspent, Parts, Pending, Presented, ReadToken,
    Ruling, Spend, Stage,
};
pub use reread::{Again, RereadError};
pub use run::run;
pub use setting::{RunError, Setting, StartError};

/// The line's name in the audit log.
const LINE: &str = "edge";
