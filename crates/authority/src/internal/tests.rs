use vauban_key::{Algorithm, SigningKey, open};

use super::seal;

/// The key of RFC 8037, appendix A.1, which is also that of the vectors in `docs/internal-token.md`.
const PUBLIC_EXAMPLE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

#[test]
fn the_written_vectors_are_signed_octet_for_octet() {
    let page = include_str!("../../../../docs/internal-token.md");
    let private = open(PUBLIC_EXAMPLE, None).unwrap();
    let key = SigningKey::from_private(Algorithm::Ed25519, &private).unwrap();
    let mut signed = 0;
    for vector in page
        .split("```text\n")
        .filter(|block| block.starts_with("good: "))
    {
        let line = |name: &str| {
            vector
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
        };
        let (header, payload) = (line("header: "), line("payload: "));
        assert_eq!(
            seal(|input| key.sign(input), header, payload).unwrap(),
            line("token: "),
            "{}",
            line("good: ")
        );
        signed += 1;
    }
    assert!(signed >= 6, "the page has lost its vectors: {signed}");
}
