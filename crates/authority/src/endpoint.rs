//! The endpoints, one file each.

mod exchange;
mod join;
mod login;
mod logout;
mod refresh;
mod tokens;
mod watch;

pub(crate) use refresh::AGAIN;
