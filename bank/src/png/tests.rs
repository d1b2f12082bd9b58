use super::*;

fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(name);
    bytes.extend(content);
    bytes.extend(crc(name.iter().chain(content)).to_be_bytes());
    bytes
}

fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let mut content = width.to_be_bytes().to_vec();
    content.extend(height.to_be_bytes());
    content.extend([depth, colour, 0, 0, 0]);
    chunk(*b"IHDR", &content)
}

fn check(chunks: &[Vec<u8>], wanted: Result<(u32, u32), Flaw>) {
    let bytes = [SIGNATURE.to_vec(), chunks.concat()].concat();
    let described = describe(&bytes).map(|header| (header.width, header.height));
    assert_eq!(described, wanted);
}

fn data() -> Vec<u8> {
    chunk(*b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1])
}

fn end() -> Vec<u8> {
    chunk(*b"IEND", &[])
}

#[test]
fn the_checksum_is_the_published_one() {
    // ISO 3309's check value, and the IEND chunk as every PNG file ends.
    assert_eq!(crc(b"123456789".iter()), 0xcbf4_3926);
    assert_eq!(
        end(),
        [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]
    );
}

#[test]
fn whole_images_are_described() {
    check(&[header(3, 2, 8, 2), data(), end()], Ok((3, 2)));
    check(
        &[header(16_384, 1, 1, 0), data(), data(), end()],
        Ok((16_384, 1)),
    );
    let text = chunk(*b"tEXt", b"Comment\0x");
    check(
        &[
            header(1, 1, 8, 3),
            chunk(*b"PLTE", &[1, 2, 3]),
            data(),
            text,
            end(),
        ],
        Ok((1, 1)),
    );
}

#[test]
fn every_flaw_is_named() {
    let good = || header(1, 1, 8, 0);
    check(&[good(), data()], Err(Flaw::Short));
    check(&[good(), data(), end(), vec![0]], Err(Flaw::Trailing));
    check(&[data(), end()], Err(Flaw::Header));
    check(&[header(0, 1, 8, 0), data(), end()], Err(Flaw::Header));
    check(&[header(16_385, 1, 8, 0), data(), end()], Err(Flaw::Header));
    check(&[header(1, 1, 3, 0), data(), end()], Err(Flaw::Header));
    check(&[header(1, 1, 16, 3), data(), end()], Err(Flaw::Header));
    check(&[good(), end()], Err(Flaw::Order));
    check(&[good(), good(), data(), end()], Err(Flaw::Order));
    check(&[header(1, 1, 8, 3), data(), end()], Err(Flaw::Order));
    check(
        &[good(), chunk(*b"PLTE", &[1, 2, 3]), data(), end()],
        Err(Flaw::Order),
    );
    check(
        &[good(), data(), chunk(*b"tEXt", b""), data(), end()],
        Err(Flaw::Order),
    );
    check(&[good(), data(), chunk(*b"IEND", b"x")], Err(Flaw::Order));
    check(
        &[good(), chunk(*b"EVIL", b""), data(), end()],
        Err(Flaw::Critical),
    );
    check(
        &[good(), chunk(*b"tExt", b""), data(), end()],
        Err(Flaw::Name),
    );
    check(
        &[good(), chunk(*b"t Xt", b""), data(), end()],
        Err(Flaw::Name),
    );
    let mut lies = data();
    *lies.last_mut().unwrap() ^= 1;
    check(&[good(), lies, end()], Err(Flaw::Checksum));
    let mut huge = data();
    huge[..4].copy_from_slice(&[0xff; 4]);
    check(&[good(), huge], Err(Flaw::Short));
    let texts = vec![chunk(*b"tEXt", b""); CHUNKS_MAX];
    check(
        &[vec![good()], texts, vec![data(), end()]].concat(),
        Err(Flaw::Many),
    );
    assert_eq!(describe(b"GIF89a"), Err(Flaw::Signature));
    assert_eq!(describe(b""), Err(Flaw::Signature));
}
