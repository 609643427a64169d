//! What goes wrong on the wire, seen from a raw socket, and what became of the message.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use backchat_sandbox::{Fault, Inbound, ResetAfter, SandboxHandle};
use serde_json::json;

use crate::common::{Receiver, USER, control, reply, sandbox, try_call};

/// A sandbox in which a user wrote, and a good reply to them.
async fn with_message(callback_url: Option<&str>) -> (SandboxHandle, String) {
    let sandbox = sandbox().await;
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let body = json!({
        "to": USER, "text": "Hello", "reply_to": event.message_id.unwrap(),
        "callback_url": callback_url, "correlation_id": "c-1",
    });
    (sandbox, body.to_string())
}

/// Sends a request whose connection ends with the answer, `held_back` bytes short of its end, and
/// reads what comes back until `patience` ends.
async fn raw_for(
    sandbox: &SandboxHandle,
    body: &str,
    held_back: usize,
    patience: Duration,
) -> (String, Result<(), ErrorKind>) {
    let address = sandbox.address();
    let mut request = format!(
        "POST /v2/notify/reply HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer sandbox\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    request.truncate(request.len() - held_back);
    tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(patience)).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let end = socket.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer, end.map(drop).map_err(|error| error.kind()))
    })
    .await
    .unwrap()
}

async fn raw(sandbox: &SandboxHandle, body: &str) -> (String, Result<(), ErrorKind>) {
    raw_for(sandbox, body, 0, Duration::from_secs(5)).await
}

#[tokio::test]
async fn a_reset_after_the_head() {
    let (sandbox, body) = with_message(None).await;
    sandbox.fail_next(Fault::reset(ResetAfter::Head)).unwrap();
    // Nothing of the body was sent, so only the head can have been waited for.
    let (answer, end) = raw_for(&sandbox, &body, body.len(), Duration::from_secs(5)).await;
    assert_eq!(
        (answer.as_str(), end),
        ("", Err(ErrorKind::ConnectionReset))
    );
    assert!(sandbox.messages().is_empty());
    assert!(sandbox.faults().is_empty());
}

#[tokio::test]
async fn a_reset_after_the_request_may_have_sent_it() {
    let receiver = Receiver::start().await;
    let (sandbox, body) = with_message(Some(&receiver.url)).await;
    sandbox
        .fail_next(Fault::reset(ResetAfter::Request))
        .unwrap();
    let (answer, end) = raw(&sandbox, &body).await;
    assert_eq!(
        (answer.as_str(), end),
        ("", Err(ErrorKind::ConnectionReset))
    );
    // The only way to learn that it was sent.
    sandbox.advance(Duration::ZERO).await.unwrap();
    let last = receiver.requests().pop().unwrap().json();
    assert_eq!(last["type"], "transactional.message.delivered");
    assert_eq!(last["payload"]["correlation_id"], "c-1");
    assert_eq!(sandbox.messages().len(), 1);
}

#[tokio::test]
async fn a_reset_after_the_request_may_not_have_sent_it() {
    let (sandbox, body) = with_message(None).await;
    let fault = Fault::reset(ResetAfter::Request).processed(false);
    sandbox.fail_next(fault).unwrap();
    let (answer, end) = raw(&sandbox, &body).await;
    assert_eq!(
        (answer.as_str(), end),
        ("", Err(ErrorKind::ConnectionReset))
    );
    assert!(sandbox.messages().is_empty());
}

#[tokio::test]
async fn a_cut_body() {
    let (sandbox, body) = with_message(None).await;
    sandbox.fail_next(Fault::cut_body()).unwrap();
    let (answer, end) = raw(&sandbox, &body).await;
    assert_eq!(end, Ok(()));
    let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let length: usize = length.parse().unwrap();
    assert_eq!(rest.len(), length / 2);
    assert!(rest.starts_with("{\"id\":\"tx_"), "{rest}");
    assert_eq!(sandbox.messages().len(), 1);
}

#[tokio::test]
async fn a_status_for_the_next_calls() {
    let (sandbox, body) = with_message(None).await;
    let fault = json!({"kind": "status", "status": 429, "retry_after": 7, "count": 2});
    let queue = control(&sandbox, "POST", "/sandbox/faults", fault).await;
    assert_eq!(
        queue.json,
        json!([{"kind": "status", "status": 429, "retry_after": 7, "count": 2, "processed": false}])
    );
    for _ in 0..2 {
        let token = Some("Bearer sandbox");
        let answer = try_call(&sandbox, "POST", "/v2/notify/reply", body.clone(), token).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], "7");
        assert_eq!(answer.json["type"], "too_many_requests");
        assert!(answer.json.get("code").is_none());
        assert!(answer.json["request_id"].is_string());
    }
    assert!(sandbox.messages().is_empty());
    let (answer, _) = raw(&sandbox, &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_failure_after_the_message_was_sent() {
    let (sandbox, _) = with_message(None).await;
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let id = event.message_id.unwrap();
    sandbox
        .fail_next(Fault::status(503).processed(true))
        .unwrap();
    sandbox
        .fail_next(Fault::status(500).code("insufficient_balance"))
        .unwrap();
    let answer = reply(&sandbox, &id).await;
    assert_eq!((answer.status, answer.code()), (503, "internal"));
    let answer = reply(&sandbox, &id).await;
    assert_eq!(
        (answer.status, answer.code()),
        (500, "insufficient_balance")
    );
    assert_eq!(sandbox.messages().len(), 1);
}

#[tokio::test]
async fn a_delay_before_or_after() {
    let (sandbox, body) = with_message(None).await;
    let delay = Duration::from_millis(100);
    sandbox.fail_next(Fault::delay(delay)).unwrap();
    let begun = Instant::now();
    let (answer, _) = raw(&sandbox, &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(begun.elapsed() >= delay);
    assert_eq!(sandbox.messages().len(), 1);

    // Who leaves meanwhile leaves a message behind, or none.
    let delay = Duration::from_secs(1);
    for processed in [true, false] {
        let fault = Fault::delay(delay).processed(processed);
        sandbox.fail_next(fault).unwrap();
        let (answer, _) = raw_for(&sandbox, &body, 0, Duration::from_millis(50)).await;
        assert_eq!(answer, "");
    }
    tokio::time::sleep(delay + Duration::from_millis(300)).await;
    assert_eq!(sandbox.messages().len(), 2);
}

#[tokio::test]
async fn faults_can_be_taken_back() {
    let (sandbox, body) = with_message(None).await;
    sandbox.fail_next(Fault::status(503).count(9)).unwrap();
    let left = control(&sandbox, "DELETE", "/sandbox/faults", json!(null)).await;
    assert_eq!(left.json, json!([]));
    let (answer, _) = raw(&sandbox, &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
