//! Large answers, and slow ones.

use std::time::{Duration, Instant};

use super::started;
use crate::fault::{
    Body, Dribble, FaultServer, Framing, Pace, Step,
    raw_client::{End, REQUEST, RawClient},
};

const LARGE: usize = 2 * 1024 * 1024;

async fn large_answer(framing: Framing) -> (FaultServer, RawClient) {
    let body = Body::Repeat {
        byte: b'x',
        count: LARGE,
    };
    let step = Step::default().body(body).framing(framing);
    let (server, mut client) = started(vec![step]).await;
    client.send(REQUEST).await;
    (server, client)
}

#[tokio::test]
async fn a_large_body_has_its_length() {
    let (_server, mut client) = large_answer(Framing::ContentLength).await;
    let answer = client.answer().await;
    assert!(answer.contains("content-length: 2097152\r\n"));
    assert_eq!(answer.matches('x').count(), LARGE);
}

#[tokio::test]
async fn a_large_body_is_chunked() {
    let (_server, mut client) = large_answer(Framing::Chunked).await;
    let answer = client.through("\r\n0\r\n\r\n").await;
    assert!(answer.contains("transfer-encoding: chunked\r\n"));
    assert_eq!(answer.matches('x').count(), LARGE);
}

#[tokio::test]
async fn a_large_body_ends_with_the_connection() {
    let (_server, mut client) = large_answer(Framing::UntilClose).await;
    let answer = client.until(End::Fin).await;
    assert!(!answer.contains("content-length") && !answer.contains("chunked"));
    assert_eq!(answer.matches('x').count(), LARGE);
}

#[tokio::test]
async fn an_answer_can_be_slow_at_every_place() {
    let body = Body::Text("slow".to_owned());
    let slow = Some(Dribble {
        bytes: 2,
        every_ms: 20,
    });
    let paces = [
        Pace {
            before_head_ms: 60,
            ..Pace::default()
        },
        Pace {
            before_body_ms: 60,
            ..Pace::default()
        },
        Pace {
            head: slow,
            ..Pace::default()
        },
        Pace {
            body: Some(Dribble {
                bytes: 0,
                every_ms: 20,
            }),
            ..Pace::default()
        },
    ];
    for pace in paces {
        let (_server, mut client) =
            started(vec![Step::default().body(body.clone()).pace(pace)]).await;
        let begun = Instant::now();
        assert!(client.post().await.ends_with("\r\n\r\nslow"));
        assert!(begun.elapsed() >= Duration::from_millis(60), "{pace:?}");
    }
}
