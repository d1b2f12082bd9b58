//! The guard over real sockets: mutual TLS before it, a recording authority beside it, a recording service behind it.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod bad_tokens;
#[cfg(test)]
mod client;
#[cfg(test)]
mod decision;
#[cfg(test)]
mod denials;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod house;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod pki;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod request;
#[cfg(test)]
mod rfc;
#[cfg(test)]
mod service;
#[cfg(test)]
mod start;
