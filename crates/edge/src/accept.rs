//! Step 1, accept: a request whose framing has one reading, from somebody at some address.

use std::net::{IpAddr, Ipv4Addr};

use vauban_audit::control;
use vauban_net::{Arrival, IncomingBody, Peer};
use vauban_policy::Denial;

use crate::record::Trail;

/// A request whose framing has one reading.
#[derive(Debug)]
pub(crate) struct Accepted {
    head: http::request::Parts,
    address: IpAddr,
    port: u16,
}

impl Accepted {
    /// The request's head.
    pub(crate) fn head(&self) -> &http::request::Parts {
        &self.head
    }

    /// The client's address as the socket sees it; nothing a client writes changes it.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// The client's port; 0 for a peer without address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Takes what has arrived. The body goes along beside the evidence, unread.
pub(crate) fn accept(
    arrival: Arrival,
    trail: &mut Trail,
) -> Result<(Accepted, IncomingBody), Denial> {
    match arrival {
        Arrival::Request(head, body, peer) => {
            let address = address_of(&peer);
            trail.came_from(Some(text_of(address)), head.method.as_str());
            trail.passed(control::EDGE_FRAMING, "one reading");
            let port = peer.address.map_or(0, |address| address.port());
            let accepted = Accepted {
                head,
                address,
                port,
            };
            Ok((accepted, body))
        }
        Arrival::Refused(refusal, peer) => {
            trail.came_from(Some(address_of(&peer).to_string()), "");
            trail.refused(control::EDGE_FRAMING, refusal.to_string());
            Err(Denial::Framing(refusal))
        }
    }
}

/// The peer's address. Peers without one (there are none on TCP) share the unspecified address, and so its budget.
pub(crate) fn address_of(peer: &Peer) -> IpAddr {
    peer.address
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| {
            address.ip().to_canonical()
        })
}

/// The address as text; four octets without the machinery of formatting, because every request is recorded with it.
fn text_of(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else {
        return address.to_string();
    };
    let mut text = String::with_capacity(15);
    for (nth, octet) in address.octets().into_iter().enumerate() {
        if nth > 0 {
            text.push('.');
        }
        for unit in [100, 10, 1] {
            if octet >= unit || unit == 1 {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_the_library_writes_it() {
        for octet in 0..=255 {
            let address = IpAddr::from([octet, 255 - octet, 0, octet / 3]);
            assert_eq!(text_of(address), address.to_string());
        }
        let address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
        assert_eq!(text_of(address), "2001:db8::1");
    }
}
