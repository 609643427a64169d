//! The 24-hour window, by the sandbox's clock.

use std::time::Duration;

use backchat_sandbox::{Channel, Inbound};
use serde_json::json;

use crate::common::{DAY, HOUR, USER, post, reply, sandbox};

#[tokio::test]
async fn a_reply_shows_what_it_quotes() {
    let sandbox = sandbox().await;
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let message_id = event.message_id.unwrap();
    let answer = post(
        &sandbox,
        "/v2/notify/reply",
        json!({"to": USER, "text": "Hello", "reply_to": message_id, "correlation_id": "c-1"}),
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.json["id"].as_str().unwrap();
    assert!(id.starts_with("tx_") && id.len() == 29, "{id}");
    assert_eq!(
        answer.json,
        json!({
            "id": id,
            "to": USER,
            "text": "Hello",
            "reply_to": message_id,
            "created_at": answer.json["created_at"],
            "correlation_id": "c-1",
        })
    );
    let created_at = answer.json["created_at"].as_str().unwrap();
    assert_eq!(created_at.len(), "2025-10-24T08:59:10.736925502Z".len());

    let messages = sandbox.messages();
    let sent = messages[0].as_reply().unwrap();
    assert_eq!(sent.quoted_text, "Hi");
    assert_eq!(sent.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn closes_after_24_hours() {
    let sandbox = sandbox().await;
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let id = event.message_id.unwrap();
    sandbox.advance(HOUR * 23).await.unwrap();
    assert_eq!(reply(&sandbox, &id).await.status, 200);
    sandbox.advance(HOUR).await.unwrap();
    let late = reply(&sandbox, &id).await;
    assert_eq!((late.status, late.code()), (400, "window_expired"));
    assert_eq!(sandbox.messages().len(), 1);
}

#[tokio::test]
async fn an_old_message_of_an_open_conversation_can_be_answered() {
    let sandbox = sandbox().await;
    let first = sandbox.inbound(Inbound::new(USER, "one")).await.unwrap();
    let first = first.message_id.unwrap();
    sandbox.advance(DAY * 3).await.unwrap();
    assert_eq!(reply(&sandbox, &first).await.code(), "window_expired");
    // To another number of the business: another conversation.
    let elsewhere = Inbound::new(USER, "two").to("+14155550000");
    sandbox.inbound(elsewhere).await.unwrap();
    assert_eq!(reply(&sandbox, &first).await.code(), "window_expired");
    // From another user: another conversation too.
    let other = Inbound::new("+33612345679", "three");
    sandbox.inbound(other).await.unwrap();
    assert_eq!(reply(&sandbox, &first).await.code(), "window_expired");
    // Over another channel: no window at all.
    let rcs = Inbound::new(USER, "four")
        .to("+14155551234")
        .channel(Channel::Rcs);
    sandbox.inbound(rcs).await.unwrap();
    assert_eq!(reply(&sandbox, &first).await.code(), "window_expired");

    sandbox.inbound(Inbound::new(USER, "five")).await.unwrap();
    assert_eq!(reply(&sandbox, &first).await.status, 200);
}

#[tokio::test]
async fn rcs_has_no_window() {
    let sandbox = sandbox().await;
    let message = Inbound::new(USER, "Hi").channel(Channel::Rcs);
    let event = sandbox.inbound(message).await.unwrap();
    let json = event.json();
    assert_eq!(json["payload"]["channel"], "rcs");
    assert_eq!(json["payload"]["to"], "rbm_backchat_agent");
    assert!(json["payload"].get("conversation").is_none(), "{json}");
    sandbox.advance(DAY * 300).await.unwrap();
    let answer = reply(&sandbox, &event.message_id.unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_event_says_when_the_window_closes() {
    let sandbox = sandbox().await;
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let backchat_core::Event::InboundMessage(message) =
        backchat_core::Event::from_json(&event.body).unwrap()
    else {
        panic!("another event");
    };
    let closes = message.reply_window.expires_at.unwrap();
    let open_for: Duration = closes
        .instant()
        .unwrap()
        .duration_since(event.created_at)
        .try_into()
        .unwrap();
    assert!(open_for <= DAY && open_for > HOUR * 23, "{open_for:?}");
}
