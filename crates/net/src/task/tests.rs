use super::spawn;

#[tokio::test]
async fn a_task_returns_its_value_and_its_panic() {
    assert_eq!(spawn("fine", async { 7 }).await.unwrap(), 7);
    let joined = spawn("broken", async { panic!("on purpose") });
    assert!(joined.await.unwrap_err().is_panic());
}
