//! `POST /v2/notify`: a template and its answer.

use backchat_sandbox::Template;
use serde_json::json;

use crate::common::{DAY, USER, builder, control, post, sandbox};

#[tokio::test]
async fn is_answered_as_documented() {
    let sandbox = builder()
        .template(Template::new("template_1", "Hi {{name}}"))
        .start()
        .await
        .unwrap();
    let expires_at = (sandbox.now() + jiff::SignedDuration::from_hours(2)).to_string();
    let body = json!({
        "template_id": "template_1", "to": USER, "variables": {"name": "Ada"}, "locale": "fr-FR",
        "from": "Acme", "expires_at": expires_at, "correlation_id": "c-2",
        "preferred_channel": "whatsapp", "max_auto_retries": 2,
        "document": {"url": "https://example.com/a.pdf", "filename": "a.pdf"},
    });
    let answer = post(&sandbox, "/v2/notify", body).await;
    assert_eq!(
        answer.json,
        json!({
            "id": answer.json["id"], "to": USER, "template_id": "template_1",
            "variables": {"name": "Ada"}, "created_at": answer.json["created_at"],
            "expires_at": expires_at, "from": "Acme", "correlation_id": "c-2",
        })
    );
    let messages = sandbox.messages();
    let sent = messages[0].as_template().unwrap();
    assert_eq!(sent.text, "Hi Ada");
    assert_eq!(sent.locale.as_deref(), Some("fr-FR"));
    assert_eq!(
        sent.document_url.as_deref(),
        Some("https://example.com/a.pdf")
    );
}

#[tokio::test]
async fn needs_no_window_and_no_message() {
    let sandbox = sandbox().await;
    let template = json!({"id": "template_2", "text": "Hello"});
    let added = control(&sandbox, "POST", "/sandbox/templates", template).await;
    assert_eq!(added.status, 200, "{added:?}");
    sandbox.advance(DAY * 2).await.unwrap();
    let body = json!({"template_id": "template_2", "to": USER});
    let answer = post(&sandbox, "/v2/notify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["variables"], json!({}));
    assert_eq!(answer.json["encoding"], "GSM-7");
    assert_eq!(answer.json["estimated_segment_count"], 1);
    let expires_at: jiff::Timestamp = answer.json["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(expires_at > sandbox.now());
}
