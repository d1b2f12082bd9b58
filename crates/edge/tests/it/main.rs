//! The edge over real sockets: a raw TLS client in front, small recording servers behind.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod client;
#[cfg(test)]
mod denials;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod pki;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod reread;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod world;
