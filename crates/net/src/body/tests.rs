use super::*;

async fn read(body: Body) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn bodies_arrive_whole() {
    assert_eq!(read(Body::full("text")).await, "text");
    assert_eq!(read(Body::empty()).await, "");
    let (sender, pieces) = mpsc::channel(4);
    for piece in ["a", "b", "c"] {
        sender.send(Bytes::from(piece)).await.unwrap();
    }
    drop(sender);
    assert_eq!(read(Body::stream(pieces)).await, "abc");
}

#[test]
fn only_a_whole_body_has_a_length() {
    assert_eq!(
        http_body::Body::size_hint(&Body::full("text")).exact(),
        Some(4)
    );
    assert_eq!(http_body::Body::size_hint(&Body::empty()).exact(), Some(0));
    assert_eq!(
        http_body::Body::size_hint(&Body::stream(mpsc::channel(1).1)).exact(),
        None
    );
}
