//! Real sockets, and clients that are not ours.

#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod framing;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod joining;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upstream;
