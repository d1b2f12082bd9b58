use super::*;
use FramingRefusal as R;

/// Reads `bytes` at once, then cut in two at every place; each way must say the same.
fn check(bytes: &[u8], expected: Result<(usize, bool), R>) {
    for cut in 0..=bytes.len() {
        let mut reader = ChunkReader::new();
        let read = reader.advance(&bytes[..cut]).and_then(|first| {
            let second = if first.done {
                first
            } else {
                reader.advance(&bytes[cut..])?
            };
            Ok((
                if first.done {
                    first.consumed
                } else {
                    cut + second.consumed
                },
                second.done,
            ))
        });
        assert_eq!(
            read,
            expected,
            "{:?} cut at {cut}",
            String::from_utf8_lossy(bytes)
        );
    }
}

fn refused(bytes: &str, refusal: R) {
    check(bytes.as_bytes(), Err(refusal));
}

#[test]
fn what_is_accepted() {
    check(b"0\r\n\r\n", Ok((5, true)));
    check(b"5\r\nhello\r\n0\r\n\r\n", Ok((15, true)));
    check(b"00A\r\n0123456789\r\n000\r\n\r\n", Ok((24, true)));
    check(b"a\r\n0123456789\r\n1\r\n\n\r\n0\r\n\r\n", Ok((26, true)));
    check(b"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1", Ok((15, true)));
    check(b"5\r\nhel", Ok((6, false)));
    check(b"fffffffffffffff\r\n", Ok((17, false)));
}

#[test]
fn chunk_size() {
    for bytes in [
        "\r\n",
        "g\r\n",
        "5 \r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5\nhello\r\n",
        "5\r\r\n",
        "-5\r\n",
        "+5\r\n",
        "0x5\r\n",
        "5\thello",
        "0000000000000005\r\n",
        "5\r5",
    ] {
        refused(bytes, R::ChunkSize);
    }
}

#[test]
fn chunk_extension() {
    refused("5;a=b\r\nhello\r\n0\r\n\r\n", R::ChunkExtension);
    refused("0;\r\n\r\n", R::ChunkExtension);
}

#[test]
fn chunk_end() {
    for bytes in [
        "5\r\nhelloX",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\rX",
        "5\r\nhello0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
    ] {
        refused(bytes, R::ChunkEnd);
    }
}

#[test]
fn trailer() {
    for bytes in [
        "0\r\nX: y\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\n\n",
        "0\r\n\rX",
    ] {
        refused(bytes, R::Trailer);
    }
}

#[test]
fn a_refusal_is_final() {
    let mut reader = ChunkReader::new();
    assert_eq!(reader.advance(b"x"), Err(R::ChunkSize));
    assert_eq!(reader.advance(b"0\r\n\r\n"), Err(R::ChunkSize));
}
