//! A script runs over requests and connections, and every request is recorded.

use super::{closed, started};
use crate::fault::{
    Point, Step, Then,
    raw_client::{End, REQUEST, RawClient},
};

#[tokio::test]
async fn without_a_script_requests_are_answered_correctly_on_one_connection() {
    let (server, mut client) = started(Vec::new()).await;
    for _ in 0..2 {
        let answer = client.post().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(r#""text":"Hi""#), "{answer}");
    }
    let [first, second] = &server.requests()[..] else {
        panic!("two requests, not {:?}", server.requests());
    };
    assert_eq!(first, second);
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/v2/notify/reply")
    );
    assert_eq!(first.header("host"), Some("x"));
    assert_eq!(first.json().unwrap()["to"], "+33612");
    assert_eq!(
        (
            server.posts(),
            server.connections(),
            server.open_connections()
        ),
        (2, 1, 1)
    );
    drop(client);
    closed(&server).await;
}

#[tokio::test]
async fn a_script_runs_over_requests_and_connections_and_ends_with_the_default() {
    let (server, mut first) = started(vec![
        Step::status(503),
        Step::status(429).then(Then::Close),
        Step::close(Point::Request),
        Step::status(402),
    ])
    .await;
    server.set_default(Step::error(400, "window_expired"));
    assert!(first.post().await.starts_with("HTTP/1.1 503 "));
    let last = first.post().await;
    assert!(last.starts_with("HTTP/1.1 429 ") && last.contains("connection: close"));
    assert_eq!(first.until(End::Fin).await, "");

    let mut second = RawClient::connect(server.url()).await;
    second.send(REQUEST).await;
    assert_eq!(second.until(End::Fin).await, "");

    let mut third = RawClient::connect(server.url()).await;
    assert!(third.post().await.starts_with("HTTP/1.1 402 "));
    assert!(third.post().await.contains(r#""code":"window_expired""#));
    assert_eq!((server.posts(), server.connections()), (5, 3));

    server.reset();
    assert!(third.post().await.starts_with("HTTP/1.1 200 "));
    assert_eq!((server.posts(), server.connections()), (1, 0));
}

#[tokio::test]
async fn a_request_that_begins_in_time_is_answered() {
    let idle = Step::default().then(Then::ResetAfterMs(60_000));
    let (server, mut client) = started(vec![idle, Step::status(202)]).await;
    client.post().await;
    assert!(client.post().await.starts_with("HTTP/1.1 202 "));
    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn half_a_request_is_kept_but_not_counted() {
    let (server, mut client) = started(Vec::new()).await;
    client
        .send("POST /half HTTP/1.1\r\nContent-Length: 9\r\n\r\nfour")
        .await;
    assert_eq!(client.until(End::Silence).await, "");
    drop(client);
    closed(&server).await;
    let [half] = &server.requests()[..] else {
        panic!("one request, not {:?}", server.requests());
    };
    assert_eq!((half.path.as_str(), half.complete), ("/half", false));
    assert_eq!(half.body, b"four");
    assert_eq!(server.posts(), 0);
}
