use super::*;

fn head(headers: &[(&'static str, &str)]) -> http::request::Parts {
    let mut request = http::Request::new(());
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request.into_parts().0
}

/// With room for `units`, a request with these headers holds so many, or is refused.
fn check(units: usize, headers: &[(&'static str, &str)], expected: Result<usize, Denial>) {
    let memory = Arc::new(Semaphore::new(units));
    let held = hold(&head(headers), 10_000, &memory);
    let taken = held.map(|held| held.map_or(0, |permit| permit.num_permits()));
    assert_eq!(taken, expected, "{headers:?} in {units} units");
    assert_eq!(memory.available_permits(), units, "memory is given back");
}

/// `overloaded`: more bodies at once than memory has room for.
#[test]
fn overloaded() {
    check(0, &[], Ok(0));
    check(0, &[("content-length", "0")], Ok(0));
    check(0, &[("content-length", "1")], Err(Denial::Overloaded));
    check(1, &[("content-length", "1")], Ok(1));
    check(1, &[("content-length", "4096")], Ok(1));
    check(1, &[("content-length", "4097")], Err(Denial::Overloaded));
    check(3, &[("content-length", "99999999999")], Ok(3));
    check(3, &[("transfer-encoding", "chunked")], Ok(3));
    check(
        2,
        &[("transfer-encoding", "chunked")],
        Err(Denial::Overloaded),
    );
    assert_eq!(
        (Denial::Overloaded.code(), Denial::Overloaded.status()),
        ("overloaded", 503)
    );
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
