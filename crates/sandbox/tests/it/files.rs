//! A user sends a file: its event, and `GET /v2/notify/inbound/{message_id}/media`.

use std::time::Duration;

use backchat_core::Event;
use backchat_sandbox::{Channel, Fault, Inbound, InboundFile, ResetAfter, SandboxHandle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::{Answer, Receiver, USER, builder, control, reply, sandbox, try_call};

/// The beginning of a PNG: not text, and with zeros.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn photo() -> InboundFile {
    InboundFile::new("image/png", PNG).filename("photo.png")
}

async fn media(
    sandbox: &SandboxHandle,
    message_id: &str,
    token: Option<&str>,
) -> Result<Answer, reqwest::Error> {
    let path = format!("/v2/notify/inbound/{message_id}/media");
    try_call(sandbox, "GET", &path, "", token).await
}

async fn fetched(sandbox: &SandboxHandle, message_id: &str) -> Answer {
    media(sandbox, message_id, Some("Bearer sandbox"))
        .await
        .unwrap()
}

#[tokio::test]
async fn arrives_as_a_message_without_a_text() {
    let receiver = Receiver::start().await;
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    let event = sandbox.inbound(Inbound::file(USER, photo())).await.unwrap();
    let content = receiver.requests()[0].json()["payload"]["content"].clone();
    let media = json!({"content_type": "image/png", "filename": "photo.png", "size": 16.0});
    assert_eq!(content, json!({"media": media}));
    let Ok(Event::InboundMessage(message)) = Event::from_json(&event.body) else {
        panic!("no message: {event:?}");
    };
    assert_eq!(message.text, "");
    assert_eq!(message.content.to_value(), content);

    let message_id = event.message_id.unwrap();
    let file = fetched(&sandbox, &message_id).await;
    assert_eq!((file.status, &*file.body), (200, PNG));
    assert_eq!(file.headers["content-type"], "image/png");
    assert_eq!(
        file.headers["content-disposition"],
        "attachment; filename=\"photo.png\""
    );
    assert!(file.headers.contains_key("x-request-id"));

    // It is answered as any other message.
    assert_eq!(reply(&sandbox, &message_id).await.status, 200);
}

#[tokio::test]
async fn may_have_a_caption_and_no_name() {
    let sandbox = sandbox().await;
    let file = InboundFile::new("application/pdf", PNG);
    let message = Inbound::file(USER, file)
        .caption("The invoice")
        .channel(Channel::Rcs);
    let event = sandbox.inbound(message).await.unwrap();
    assert_eq!(event.json()["payload"]["content"]["text"], "The invoice");
    let file = fetched(&sandbox, &event.message_id.unwrap()).await;
    assert_eq!(file.headers["content-type"], "application/pdf");
    assert!(!file.headers.contains_key("content-disposition"));
}

#[tokio::test]
async fn comes_over_http_in_base64() {
    let sandbox = sandbox().await;
    // The largest one: 4 MiB.
    let data = vec![7; 4 * 1024 * 1024];
    let file = json!({"content_type": "video/mp4", "data": STANDARD.encode(&data)});
    let body = json!({"from": USER, "file": file, "text": null});
    let event = control(&sandbox, "POST", "/sandbox/inbound", body).await;
    assert_eq!(event.status, 200, "{event:?}");
    let message_id = event.json["payload"]["message_id"].as_str().unwrap();
    assert!(fetched(&sandbox, message_id).await.body == data);

    let larger = vec![7; 4 * 1024 * 1024 + 1];
    for (file, why) in [
        (
            json!({"content_type": "video/mp4", "data": STANDARD.encode(larger)}),
            "4 MiB",
        ),
        (json!({"content_type": "video/mp4", "data": "*"}), "base64"),
        (json!({"content_type": "video", "data": ""}), "content_type"),
        (
            json!({"content_type": "a/b", "data": "", "filename": ""}),
            "filename",
        ),
        (
            json!({"content_type": "a/b", "data": "", "name": "x"}),
            "name",
        ),
        (json!({"data": ""}), "content_type"),
        (json!({"content_type": "a/b"}), "data"),
    ] {
        let body = json!({"from": USER, "file": file});
        let refused = control(&sandbox, "POST", "/sandbox/inbound", body).await;
        assert_eq!((refused.status, refused.code()), (400, "invalid_request"));
        let sentence = refused.json["message"].as_str().unwrap();
        assert!(sentence.contains(why), "{sentence}");
    }
    for body in [
        json!({"from": USER}),
        json!({"from": USER, "text": "", "file": null}),
    ] {
        let refused = control(&sandbox, "POST", "/sandbox/inbound", body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
    }
}

#[tokio::test]
async fn a_file_needs_the_token_and_a_message_that_has_one() {
    let sandbox = sandbox().await;
    let text = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let file = sandbox.inbound(Inbound::file(USER, photo())).await.unwrap();
    let (text, file) = (text.message_id.unwrap(), file.message_id.unwrap());
    for (token, code) in [
        (None, "missing_api_token"),
        (Some("Bearer other"), "invalid_api_token"),
    ] {
        let refused = media(&sandbox, &file, token).await.unwrap();
        assert_eq!((refused.status, refused.code()), (401, code));
    }
    for message_id in [&text, "im_unknown"] {
        let refused = fetched(&sandbox, message_id).await;
        assert_eq!((refused.status, refused.code()), (404, "not_found"));
    }
    let path = format!("/v2/notify/inbound/{file}/media");
    let posted = try_call(&sandbox, "POST", &path, "{}", Some("Bearer sandbox")).await;
    assert_eq!(posted.unwrap().status, 405);
    sandbox.reset();
    assert_eq!(fetched(&sandbox, &file).await.status, 404);
}

#[tokio::test]
async fn breaks_as_other_calls_do() {
    let sandbox = sandbox().await;
    let event = sandbox.inbound(Inbound::file(USER, photo())).await.unwrap();
    let message_id = event.message_id.unwrap();
    sandbox.fail_next(Fault::status(503)).unwrap();
    let fault = fetched(&sandbox, &message_id).await;
    assert_eq!((fault.status, fault.code()), (503, "internal"));
    sandbox
        .fail_next(Fault::status(429).retry_after("2"))
        .unwrap();
    let fault = fetched(&sandbox, &message_id).await;
    assert_eq!(fault.headers["retry-after"], "2");
    for fault in [
        Fault::cut_body(),
        Fault::reset(ResetAfter::Head),
        Fault::reset(ResetAfter::Request),
    ] {
        sandbox.fail_next(fault).unwrap();
        let broken = media(&sandbox, &message_id, Some("Bearer sandbox")).await;
        assert!(broken.is_err(), "{broken:?}");
    }
    sandbox
        .fail_next(Fault::delay(Duration::from_millis(1)))
        .unwrap();
    assert_eq!(fetched(&sandbox, &message_id).await.status, 200);
    let left = control(&sandbox, "GET", "/sandbox/faults", Value::Null).await;
    assert_eq!(left.json, json!([]));
}
