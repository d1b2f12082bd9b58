//! The authority over real sockets, with a client that shares no code with it.

#[cfg(test)]
mod certificates;
#[cfg(test)]
mod client;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod hashing;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod login;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod stolen;
#[cfg(test)]
mod token;
#[cfg(test)]
mod world;
