//! RST, FIN and silence, at every point of an exchange.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{closed, started};
use crate::fault::{
    Body, Fault, Point, Step, Then,
    raw_client::{End, REQUEST},
};

const POINTS: [Point; 7] = [
    Point::Accept,
    Point::RequestHead,
    Point::Request,
    Point::StatusLine,
    Point::Headers,
    Point::BeforeBody,
    Point::Body,
];

/// Plays one fault at one point and checks what the client saw and what the server counted.
async fn play(fault: Fault, end: End) {
    let step = Step::default().body(Body::Text("0123456789".to_owned()));
    let (server, mut client) = started(vec![step.fault(fault)]).await;
    let point = fault.point();
    if point != Point::Accept {
        client.send(REQUEST).await;
    }
    let seen = client.until(end).await;

    let in_place = match point {
        Point::Accept | Point::RequestHead | Point::Request => seen.is_empty(),
        Point::StatusLine => seen == "HTTP/1.1 200 OK\r\n",
        Point::Headers => seen.starts_with("HTTP/1.1 200 OK\r\nc") && !seen.contains("\r\n\r\n"),
        Point::BeforeBody => seen.ends_with("content-length: 10\r\n\r\n"),
        Point::Body => seen.ends_with("content-length: 10\r\n\r\n01234"),
    };
    assert!(in_place, "{fault:?}: {seen:?}");

    let (requests, posts) = match point {
        Point::Accept => (0, 0),
        Point::RequestHead => (1, 0),
        _ => (1, 1),
    };
    assert_eq!(
        (server.requests().len(), server.posts()),
        (requests, posts),
        "{fault:?}"
    );
    assert_eq!(server.connections(), 1, "{fault:?}");
    let open = usize::from(end == End::Silence);
    if open == 0 {
        closed(&server).await;
    }
    assert_eq!(server.open_connections(), open, "{fault:?}");
    drop(client);
    closed(&server).await;
}

async fn play_everywhere(fault: fn(Point) -> Fault, end: End) {
    let mut plays = JoinSet::new();
    for point in POINTS {
        plays.spawn(play(fault(point), end));
    }
    plays.join_all().await;
}

#[tokio::test]
async fn a_reset_is_an_rst_wherever_it_happens() {
    play_everywhere(Fault::Reset, End::Rst).await;
}

#[tokio::test]
async fn a_close_is_a_fin_wherever_it_happens() {
    play_everywhere(Fault::Close, End::Fin).await;
}

#[tokio::test]
async fn a_stall_keeps_the_connection_wherever_it_happens() {
    play_everywhere(Fault::Stall, End::Silence).await;
}

#[tokio::test]
async fn a_client_that_writes_into_a_fault_at_accept_is_not_counted() {
    for (step, end) in [
        (Step::close(Point::Accept), End::Fin),
        (Step::stall(Point::Accept), End::Silence),
    ] {
        let (server, mut client) = started(vec![step]).await;
        client.send(REQUEST).await;
        assert_eq!(client.until(end).await, "");
        assert_eq!(server.requests(), []);
    }
}

#[tokio::test]
async fn a_close_stays_a_fin_when_a_body_is_left_unread() {
    let (server, mut client) = started(vec![Step::close(Point::RequestHead)]).await;
    let length = 16_000_000;
    let head = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
    client.send(&(head + &"x".repeat(length))).await;
    assert_eq!(client.until(End::Fin).await, "");
    assert!(!server.requests()[0].complete);
}

#[tokio::test]
async fn a_fault_at_accept_also_meets_a_connection_that_is_open() {
    let steps = vec![Step::default(), Step::reset(Point::Accept)];
    let (server, mut client) = started(steps).await;
    client.post().await;
    client.send(REQUEST).await;
    assert_eq!(client.until(End::Rst).await, "");
    assert_eq!((server.posts(), server.requests().len()), (1, 2));
}

#[tokio::test]
async fn an_idle_connection_ends_unannounced() {
    for (then, end) in [
        (Then::CloseAfterMs(10), End::Fin),
        (Then::ResetAfterMs(10), End::Rst),
        (Then::CloseAfterMs(60_000), End::Silence),
    ] {
        let (server, mut client) = started(vec![Step::default().then(then)]).await;
        assert!(!client.post().await.contains("connection:"));
        assert_eq!(client.until(end).await, "", "{then:?}");
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn the_connections_end_with_the_server() {
    let (server, mut client) = started(vec![Step::stall(Point::Request)]).await;
    client.send(REQUEST).await;
    server
        .wait_for_posts(1, Duration::from_secs(5))
        .await
        .unwrap();
    drop(server);
    assert_eq!(client.until(End::Fin).await, "");
}
