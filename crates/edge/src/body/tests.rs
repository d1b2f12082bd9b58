use super::*;

fn head(headers: &[(&'static str, &str)]) -> http::request::Parts {
    let mut request = http::Request::new(());
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request.into_parts().0
}

/// With room for `units`, a request with these headers holds so many, or is refused as `overloaded`.
fn check(units: u32, headers: &[(&'static str, &str)], expected: Option<u32>) {
    let memory = Memory::of(units);
    let address = IpAddr::from([192, 0, 2, 1]);
    let held = hold(&head(headers), 10_000, address, &memory);
    let taken = held.map(|held| held.map_or(0, |held| held.units()));
    assert_eq!(
        taken,
        expected.ok_or(Full::All),
        "{headers:?} in {units} units"
    );
    assert_eq!(memory.free(), units, "memory is given back");
}

/// `overloaded`: more bodies at once than memory has room for.
#[test]
fn overloaded() {
    check(0, &[], Some(0));
    check(0, &[("content-length", "0")], Some(0));
    check(0, &[("content-length", "1")], None);
    check(1, &[("content-length", "1")], Some(1));
    check(1, &[("content-length", "4096")], Some(1));
    check(1, &[("content-length", "4097")], None);
    check(3, &[("content-length", "99999999999")], Some(3));
    check(3, &[("transfer-encoding", "chunked")], Some(3));
    check(2, &[("transfer-encoding", "chunked")], None);
}

#[test]
fn every_way_of_not_getting_a_body_has_its_denial() {
    let broken = BodyError::Broken(vauban_http::FramingRefusal::ChunkSize);
    let cases = [
        (BodyError::TooLarge, "body.too_large"),
        (BodyError::TooSlow, "body.too_slow"),
        (BodyError::Gone, "body.broken"),
        (broken, "body.broken"),
    ];
    for (error, code) in cases {
        assert_eq!(denial_of(error).code(), code);
    }
}
