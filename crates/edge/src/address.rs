//! Whose address it is: what is counted as one client.

use std::net::IpAddr;

/// What one subscriber has: an IPv4 address whole, of an IPv6 address the /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Block {
    /// An IPv4 address.
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    V6([u16; 4]),
}

impl Block {
    /// The block of an address. An IPv4 address that is written as an IPv6 one is the IPv4 address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}
