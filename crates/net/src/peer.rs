//! Who is at the other end of a connection.

use std::net::SocketAddr;

/// What the connection itself proves about its peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The address of the peer; none on a Unix socket.
    pub address: Option<SocketAddr>,
    /// The user of the peer process (`SO_PEERCRED`); only on a Unix socket.
    pub uid: Option<u32>,
    /// The SPIFFE id of the peer's certificate, verified up to the internal CA.
    pub spiffe: Option<String>,
    /// SHA-256 over the peer's certificate.
    pub certificate_sha256: Option<[u8; 32]>,
}
