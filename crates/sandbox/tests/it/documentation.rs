//! The requests in the README are sent as they stand there.

use backchat_sandbox::Inbound;
use serde_json::Value;

use crate::common::{USER, control, sandbox};

/// The method, path and body of every request in the README.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let mut requests = Vec::new();
    for block in include_str!("../../README.md")
        .split("```")
        .skip(1)
        .step_by(2)
    {
        let Some(text) = block.strip_prefix("text\n") else {
            continue;
        };
        let (line, body) = text.split_once('\n').unwrap();
        let (method, path) = line.split_once(' ').unwrap();
        if path.starts_with("/sandbox/") {
            let body = match body {
                "" => Value::Null,
                body => serde_json::from_str(body).unwrap(),
            };
            requests.push((method, path, body));
        }
    }
    requests
}

#[tokio::test]
async fn every_request_works() {
    let requests = requests();
    assert_eq!(requests.len(), 25);
    for (method, path, mut body) in requests {
        // Each by itself: the webhook URL of one is nobody's.
        let sandbox = sandbox().await;
        if body.get("event_id").is_some() {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            drop(listener);
            sandbox.set_webhook_url(Some(&url)).unwrap();
            let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
            body["event_id"] = event.id.into();
        }
        let answer = control(&sandbox, method, path, body.clone()).await;
        assert_eq!(answer.status, 200, "{method} {path} {body}: {answer:?}");
    }
}

#[test]
fn every_json_is_json() {
    let mut blocks = 0;
    for block in include_str!("../../README.md")
        .split("```")
        .skip(1)
        .step_by(2)
    {
        if let Some(json) = block.strip_prefix("json\n") {
            assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
            blocks += 1;
        }
    }
    assert_eq!(blocks, 3);
}
