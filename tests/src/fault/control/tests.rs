//! The control port, driven as a program in another language would.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{Control, serve};
use crate::fault::{
    Step, TlsFault,
    raw_client::{End, REQUEST, RawClient},
};

async fn started() -> Control {
    serve("127.0.0.1:0").await.unwrap()
}

/// Calls the control port; gives back the status and the body.
async fn call(control: &Control, request: &str, body: &str) -> (u16, String) {
    let mut client = RawClient::connect(control.url()).await;
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    client.send(&(head + body)).await;
    let answer = client.until(End::Fin).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

async fn read(control: &Control, request: &str, body: &str) -> Value {
    let (status, body) = call(control, request, body).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_script_is_set_played_counted_and_reset() {
    let control = started().await;
    let steps = r#"[{"status": 503, "body": {"json": {"code": "internal"}}}]"#;
    assert_eq!(call(&control, "POST /script", steps).await.0, 204);
    assert_eq!(
        call(&control, "PUT /default", r#"{"status": 404}"#).await.0,
        204
    );

    let mut client = RawClient::connect(control.fault_url()).await;
    assert!(client.post().await.ends_with(r#"{"code":"internal"}"#));
    assert!(client.post().await.starts_with("HTTP/1.1 404 "));
    assert_eq!(
        read(&control, "GET /counts", "").await,
        json!({"posts": 2, "connections": 1, "open_connections": 1})
    );
    let requests = read(&control, "GET /requests", "").await;
    assert_eq!(
        requests[0],
        json!({
            "connection": 1, "method": "POST", "path": "/v2/notify/reply",
            "headers": [["Host", "x"], ["Content-Length", "27"]],
            "body": r#"{"text":"Hi","to":"+33612"}"#, "complete": true,
        })
    );

    assert_eq!(call(&control, "POST /reset", "").await.0, 204);
    assert_eq!(read(&control, "GET /requests", "").await, json!([]));
    assert!(client.post().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_step_that_is_not_understood_is_refused() {
    let control = started().await;
    let (status, why) = call(&control, "POST /script", r#"[{"stauts": 503}]"#).await;
    assert_eq!(status, 422);
    assert!(why.contains("stauts"), "{why}");
}

#[tokio::test]
async fn every_kind_of_tls_can_be_started() {
    let control = started().await;
    for kind in [
        TlsFault::Valid,
        TlsFault::Expired,
        TlsFault::SelfSigned,
        TlsFault::WrongHost,
        TlsFault::UnknownAuthority,
        TlsFault::OldVersion,
        TlsFault::NeverAnswered,
        TlsFault::ClosedInHandshake,
        TlsFault::ResetInHandshake,
    ] {
        let request = json!({"kind": kind}).to_string();
        let started = read(&control, "POST /tls", &request).await;
        let ca_pem = started["ca_pem"].as_str().unwrap();
        assert!(ca_pem.starts_with("-----BEGIN CERTIFICATE-----"));
        let address = started["url"].as_str().unwrap().strip_prefix("https://");
        TcpStream::connect(address.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn unreachable_addresses_stay_the_same() {
    let control = started().await;
    let addresses = read(&control, "GET /unreachable", "").await;
    assert_eq!(read(&control, "GET /unreachable", "").await, addresses);
    for (name, scheme) in [
        ("refused", "http"),
        ("black_hole", "http"),
        ("silent_tls", "https"),
    ] {
        let url = addresses[name].as_str().unwrap();
        assert!(url.starts_with(&format!("{scheme}://127.0.0.1:")), "{url}");
    }
}

#[tokio::test]
async fn both_servers_stop_on_drop() {
    let control = started().await;
    let mut client = RawClient::connect(control.fault_url()).await;
    client.send(&REQUEST[..10]).await;
    drop(control);
    assert_eq!(client.until(End::Fin).await, "");
}

#[test]
fn the_documented_step_is_the_default() {
    let docs = include_str!("../control.rs");
    let json = docs
        .split("```json")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let json = json.replace("//!", "");
    assert_eq!(
        serde_json::from_str::<Step>(&json).unwrap(),
        Step::default()
    );
    let all: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(all, serde_json::to_value(Step::default()).unwrap());
}
