//! End to end: the shipped binary, real sockets, real TLS, and curl as the client.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod exposure;
#[cfg(test)]
mod house;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod product;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod reread;
#[cfg(test)]
mod story;
#[cfg(test)]
mod users;
#[cfg(test)]
mod waf;
#[cfg(test)]
mod waf_plan;
