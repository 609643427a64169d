//! `transactional.message.*`: what becomes of a message, told to its `callback_url`.

use std::time::Duration;

use backchat_core::Event;
use backchat_sandbox::{DeliveryOutcome, Fault, Inbound, SandboxHandle, Template};
use serde_json::{Value, json};

use crate::common::{Answer, Behaviour, DAY, HOUR, Receiver, USER, builder, post, sandbox};

const DELIVERED: [&str; 4] = [
    "transactional.message.created",
    "transactional.message.submitted",
    "transactional.message.pending_delivery",
    "transactional.message.delivered",
];

async fn reply(sandbox: &SandboxHandle, callback: &str) -> Answer {
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let body = json!({
        "to": USER, "text": "Hello", "reply_to": event.message_id.unwrap(),
        "callback_url": callback, "correlation_id": "c-1",
    });
    let answer = post(sandbox, "/v2/notify/reply", body).await;
    // Waits for the events, which come while the answer is on its way.
    sandbox.advance(Duration::ZERO).await.unwrap();
    answer
}

fn payloads(receiver: &Receiver) -> Vec<Value> {
    let requests = receiver.requests();
    requests
        .iter()
        .map(|r| r.json()["payload"].clone())
        .collect()
}

#[tokio::test]
async fn come_in_order() {
    let receiver = Receiver::start().await;
    let sandbox = sandbox().await;
    let answer = reply(&sandbox, &receiver.url).await;
    assert_eq!(answer.json["callback_url"], receiver.url.as_str());
    assert_eq!(receiver.types(), DELIVERED);
    let payloads = payloads(&receiver);
    assert_eq!(payloads[0]["id"], answer.json["id"]);
    assert_eq!(payloads[0]["to"], USER);
    assert_eq!(
        payloads[0]["fee"],
        json!({"amount": "0.009", "currency": "EUR"})
    );
    assert!(payloads[0].get("message_id").is_none());
    for payload in &payloads[1..] {
        assert_eq!(payload["message_id"], answer.json["id"]);
        assert!(payload.get("id").is_none());
    }
    assert!(
        payloads[1]["attempt_id"]
            .as_str()
            .unwrap()
            .starts_with("att_")
    );
    assert_eq!(payloads[1]["channel"], "whatsapp");
    for (payload, received) in payloads.iter().zip(receiver.requests()) {
        assert_eq!(payload["correlation_id"], "c-1");
        assert!(payload["customer_uuid"].is_string());
        let Event::Delivery(event) = Event::from_json(&received.body).unwrap() else {
            panic!("{payload}");
        };
        assert_eq!(
            event.message_id.as_str(),
            answer.json["id"].as_str().unwrap()
        );
    }
}

#[tokio::test]
async fn none_come_without_a_callback_url() {
    let receiver = Receiver::start().await;
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    crate::common::reply(&sandbox, &event.message_id.unwrap()).await;
    sandbox.advance(DAY).await.unwrap();
    assert_eq!(receiver.types(), ["inbound.message.received"]);
}

#[tokio::test]
async fn one_that_is_refused_comes_again_later_than_the_next() {
    let receiver = Receiver::start().await;
    receiver.will([Behaviour::Status(500)]);
    let sandbox = sandbox().await;
    reply(&sandbox, &receiver.url).await;
    assert_eq!(receiver.types(), DELIVERED);
    sandbox.advance(HOUR).await.unwrap();
    assert_eq!(receiver.types()[4..], DELIVERED[..1]);
    assert_eq!(receiver.requests()[0].body, receiver.requests()[4].body);
}

#[tokio::test]
async fn tell_that_a_message_did_not_arrive() {
    let receiver = Receiver::start().await;
    let sandbox = sandbox().await;
    let carrier = Fault::delivery(DeliveryOutcome::Failed, "carrier_rejected");
    sandbox.fail_next(carrier).unwrap();
    let unknown = Fault::delivery(DeliveryOutcome::Unknown, "unknown").delivery_status("expired");
    sandbox.fail_next(unknown).unwrap();
    for (kind, status, reason) in [
        ("transactional.message.failed", "failed", "carrier_rejected"),
        ("transactional.message.unknown", "expired", "unknown"),
    ] {
        assert_eq!(reply(&sandbox, &receiver.url).await.status, 200);
        assert_eq!(receiver.types().last().unwrap(), kind);
        let last = payloads(&receiver).pop().unwrap();
        assert_eq!(last["status"], status);
        assert_eq!(last["reason"], reason);
        assert_eq!(last["correlation_id"], "c-1");
    }
    reply(&sandbox, &receiver.url).await;
    assert_eq!(receiver.types()[8..], DELIVERED);
}

#[tokio::test]
async fn a_scheduled_template_goes_out_at_its_time() {
    let receiver = Receiver::start().await;
    let sandbox = builder()
        .template(Template::new("template_1", "Hi {{name}}"))
        .start()
        .await
        .unwrap();
    let schedule_at = (sandbox.now() + jiff::SignedDuration::from_hours(2)).to_string();
    let body = json!({
        "template_id": "template_1", "to": USER, "variables": {"name": "Ada"},
        "callback_url": receiver.url, "schedule_at": schedule_at,
    });
    let answer = post(&sandbox, "/v2/notify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    sandbox.advance(HOUR).await.unwrap();
    assert_eq!(receiver.types(), DELIVERED[..1]);
    let created = payloads(&receiver).remove(0);
    assert_eq!(created["variables"], json!({"name": "Ada"}));
    assert_eq!(created["template_id"], "template_1");
    assert_eq!(created["expires_at"], answer.json["expires_at"]);
    sandbox.advance(HOUR).await.unwrap();
    sandbox.advance(Duration::ZERO).await.unwrap();
    assert_eq!(receiver.types(), DELIVERED);
}
