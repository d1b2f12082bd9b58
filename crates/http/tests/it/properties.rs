//! What holds for every input.

use proptest::collection::vec;
use proptest::prelude::*;
use vauban_http::{ChunkReader, FramingRefusal, HeadLimits, Target, judge_head, read_head};

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 4096,
    headers_max: 32,
    target_bytes_max: 1024,
};

/// Bytes that often come close to chunked framing.
fn chunkish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => vec(any::<u8>(), 0..20).prop_map(|data| {
            let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
            chunk.extend(data);
            chunk.extend(b"\r\n");
            chunk
        }),
        2 => Just(b"0\r\n\r\n".to_vec()),
        1 => vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'5'), Just(b';'), any::<u8>()], 0..6),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Text that often comes close to a target.
fn targetish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just("%".to_owned()),
        Just("..".to_owned()),
        Just("%2f".to_owned()),
        Just("?".to_owned()),
        Just("&".to_owned()),
        Just("=".to_owned()),
        Just("+".to_owned()),
        Just("%C3%A9".to_owned()),
        "[a-zA-Z0-9._~@:;!-]{0,4}",
        any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn read_in_pieces(bytes: &[u8], sizes: &[usize]) -> Result<(usize, bool), FramingRefusal> {
    let mut reader = ChunkReader::new();
    let mut at = 0;
    let mut sizes = sizes.iter().cycle();
    while at < bytes.len() {
        let end = (at + sizes.next().copied().unwrap_or(1)).min(bytes.len());
        let progress = reader.advance(&bytes[at..end])?;
        at += progress.consumed;
        if progress.done {
            return Ok((at, true));
        }
        assert_eq!(at, end, "an unfinished body takes everything");
    }
    Ok((at, false))
}

proptest! {
    #[test]
    fn chunks_read_the_same_however_they_arrive(bytes in chunkish(), sizes in vec(1_usize..9, 1..9)) {
        prop_assert_eq!(read_in_pieces(&bytes, &[bytes.len().max(1)]), read_in_pieces(&bytes, &sizes));
    }

    #[test]
    fn a_canonical_target_is_its_own_canonical_form(text in targetish()) {
        if let Ok(target) = Target::parse(&text) {
            let canonical = target.to_canonical();
            let again = Target::parse(&canonical);
            prop_assert_eq!(again.as_ref().map(Target::to_canonical), Ok(canonical.clone()));
            prop_assert_eq!(again, Ok(target));
            prop_assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic() && !b"+;\\#".contains(&byte)));
        }
    }

    #[test]
    fn a_canonical_target_passes_the_gate(text in targetish()) {
        if let Ok(target) = Target::parse(&text) {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            prop_assert!(judge_head(head.as_bytes(), &LIMITS).is_ok(), "{}", head);
        }
    }

    #[test]
    fn any_bytes_are_judged_without_panic_and_the_same_in_pieces(bytes in vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        let cut = cut.min(bytes.len());
        let whole = read_head(&bytes, 0, &LIMITS);
        if let Ok(None) = read_head(&bytes[..cut], 0, &LIMITS) {
            prop_assert_eq!(read_head(&bytes, cut, &LIMITS), whole);
        }
    }
}
