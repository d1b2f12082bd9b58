//! The image worker.

use vauban_bank::Service;

use crate::house::{Call, Ground, check, hex};

/// One transparent pixel, as every browser draws it.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, 0x49, 0x44, 0x41, 0x54,
    0x78, 0xda, 0x63, 0x64, 0xf8, 0xcf, 0x50, 0x0f, 0, 3, 0x86, 1, 0x80, 0x5a, 0x34, 0x7d, 0x6b, 0,
    0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

fn upload(kind: &str, bytes: &[u8]) -> Call {
    Call::new("describeImage", "POST /images", "1001", "north").body(kind, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_described_and_nothing_else_is() {
    let house = Ground::sqlite().await.serve(Service::Images).await;
    let said = check(&house, upload("image/png", PIXEL), 200, "").await;
    let wanted = serde_json::json!({
        "sha256": sha256(PIXEL), "bytes": PIXEL.len(), "width": 1, "height": 1
    });
    assert_eq!(said.json(), wanted);

    check(
        &house,
        upload("image/jpeg", PIXEL),
        415,
        "contract.media_type",
    )
    .await;
    let twice = upload("image/png", PIXEL).with("content-type", "image/png");
    check(&house, twice, 415, "contract.media_type").await;
    let mut lies = PIXEL.to_vec();
    lies[45] ^= 1;
    check(&house, upload("image/png", &lies), 422, "image.broken").await;
    check(
        &house,
        upload("image/png", b"<svg onload=alert(1)>"),
        422,
        "image.broken",
    )
    .await;
    let edge = [PIXEL, &vec![0; 65_536]].concat();
    check(
        &house,
        upload("image/png", &edge[..65_536]),
        422,
        "image.broken",
    )
    .await;
    check(
        &house,
        upload("image/png", &edge[..65_537]),
        413,
        "body.too_large",
    )
    .await;
    let elsewhere = Call::new("describeImage", "GET /accounts", "1001", "north");
    check(&house, elsewhere, 404, "route.unknown").await;

    let events = house.end().await;
    let facts: Vec<&str> = events
        .iter()
        .map(|event| &*event.controls[0].fact)
        .collect();
    assert!(
        facts.contains(&"a chunk's checksum does not hold"),
        "{facts:?}"
    );
    assert!(facts.contains(&"bytes after the end"), "{facts:?}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    hex(&Sha256::digest(bytes))
}
