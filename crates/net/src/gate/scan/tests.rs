use super::*;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 200,
    headers_max: 8,
    target_bytes_max: 64,
};

#[test]
fn bytes_of_several_messages_are_told_apart() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / H";
    let mut scan = Scan::new(LIMITS);
    assert_eq!(scan.advance(bytes, 0), (bytes.len() - 7, None));
    assert_eq!((scan.heads(), scan.is_at_head()), (2, true));
    // The rest comes again, with more behind it.
    assert_eq!(
        scan.advance(b"GET / HTTP/1.1\r\n\r\n", 7),
        (0, Some(Halt::Head(FramingRefusal::HostMissing)))
    );
}

#[test]
fn a_body_is_not_read_as_a_head() {
    let mut scan = Scan::new(LIMITS);
    let bytes = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nGET /\n";
    assert_eq!(scan.advance(bytes, 0), (bytes.len(), None));
    assert!(!scan.is_at_head());
    assert_eq!(
        scan.advance(b"\n\n\n\n\n\n\n\n\n\n\n\n\n\nGET /\n", 0),
        (14, Some(Halt::Head(FramingRefusal::BareLineFeed)))
    );
}
