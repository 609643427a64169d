//! `inbound.message.received`: posted at once, and again until it is answered with 200.

use std::time::Duration;

use backchat_sandbox::{Delivery, Inbound, InboundFile, OptOut, OptOutAction, SandboxError};
use serde_json::json;

use crate::common::{Behaviour, DAY, HOUR, Receiver, USER, builder, control, post};

const MINUTE: Duration = Duration::from_mins(1);

fn minutes_between(deliveries: &[Delivery]) -> Vec<i64> {
    deliveries
        .windows(2)
        .map(|pair| pair[1].at.duration_since(pair[0].at).as_mins())
        .collect()
}

#[tokio::test]
async fn has_the_documented_form() {
    let receiver = Receiver::start().await;
    let sandbox = builder()
        .webhook_url(&receiver.url)
        .start_at("2025-10-24T08:59:10.736925502Z".parse().unwrap())
        .start()
        .await
        .unwrap();
    let text = "Hi, I have a question about my order";
    let event = sandbox.inbound(Inbound::new(USER, text)).await.unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body, event.body);
    assert_eq!(requests[0].headers["content-type"], "application/json");
    let json = requests[0].json();
    let window = json["payload"]["conversation"]["window_expires_at"]
        .as_str()
        .unwrap();
    assert!(
        window.starts_with("2025-10-25T08:59:1") && window.ends_with('Z'),
        "{window}"
    );
    // The fields of the product description, as no writer would spell them.
    let escaped = USER.replace('+', "\\u002B");
    assert_eq!(
        String::from_utf8_lossy(&event.body),
        format!(
            r#"{{"id": "{}","type": "inbound.message.received","created_at": "{}","payload": {{"message_id": "{}","channel": "whatsapp","from": "{escaped}","to": "\u002B14155551234","content": {{"text": "{text}"}},"conversation": {{"window_expires_at": "{window}"}}}}}}"#,
            event.id,
            json["created_at"].as_str().unwrap(),
            event.message_id.as_deref().unwrap(),
        )
    );
    assert!(
        event.id.starts_with("evt_01k8aq2z") && event.id.len() == 30,
        "{}",
        event.id
    );
    assert!(event.message_id.unwrap().starts_with("im_01k8aq2z"));
    let deliveries = sandbox.deliveries();
    assert_eq!(deliveries.len(), 1);
    assert!(deliveries[0].succeeded());
    assert_eq!(deliveries[0].next_attempt_at, None);
}

/// Parsed and written again, an event has other bytes, so its signature is refused as at Prelude.
#[tokio::test]
async fn does_not_survive_being_written_again() {
    let receiver = Receiver::start().await;
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    let webhook = backchat_core::Webhook::new(sandbox.public_key_pem()).unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let file = InboundFile::new("image/png", "x");
    sandbox.inbound(Inbound::file(USER, file)).await.unwrap();
    sandbox
        .opt_out(OptOut::new(USER, OptOutAction::Help))
        .await
        .unwrap();
    let message_id = receiver.requests()[0].json()["payload"]["message_id"].clone();
    let reply =
        json!({"to": USER, "text": "Hello", "reply_to": message_id, "callback_url": receiver.url});
    post(&sandbox, "/v2/notify/reply", reply).await;
    sandbox.advance(Duration::ZERO).await.unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3 + 4);
    for received in requests {
        let headers = [(
            "x-webhook-signature",
            received.headers["x-webhook-signature"].to_str().unwrap(),
        )];
        assert!(webhook.verify(&received.body, headers).is_ok());
        let compact = received.json().to_string();
        let spaced = compact.replace("\":", "\": ").replace(",\"", ", \"");
        let pretty = serde_json::to_string_pretty(&received.json()).unwrap();
        for written in [compact, spaced, pretty] {
            let end = webhook.verify(written.as_bytes(), headers);
            assert_eq!(
                end.unwrap_err().code().as_str(),
                "signature_invalid",
                "{written}"
            );
        }
    }
}

#[tokio::test]
async fn comes_again_for_two_weeks() {
    let receiver = Receiver::start().await;
    receiver.will(vec![Behaviour::Status(503); 1000]);
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    assert_eq!(receiver.requests().len(), 1);
    // One minute is one retry, not yet the second.
    sandbox.advance(MINUTE).await.unwrap();
    assert_eq!(receiver.requests().len(), 2);
    sandbox.advance(DAY * 20).await.unwrap();

    let deliveries = sandbox.deliveries();
    let minutes = minutes_between(&deliveries);
    assert_eq!(minutes[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    assert_eq!(minutes[10..], [720; 26]);
    assert_eq!(deliveries.len(), 37);
    assert_eq!(deliveries[36].attempt, 37);
    assert!(deliveries[36].next_attempt_at.is_none());
    for pair in deliveries.windows(2) {
        assert!(pair[1].at >= pair[0].next_attempt_at.unwrap());
    }
    let requests = receiver.requests();
    assert_eq!(requests.len(), 37);
    assert!(requests.iter().all(|r| r.body == requests[0].body));
    sandbox.advance(DAY * 30).await.unwrap();
    assert_eq!(receiver.requests().len(), 37);
}

#[tokio::test]
async fn only_200_ends_it() {
    let receiver = Receiver::start().await;
    let statuses = [204, 302, 404, 201].map(Behaviour::Status);
    receiver.will(statuses);
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    sandbox.advance(DAY).await.unwrap();
    let statuses: Vec<_> = sandbox.deliveries().iter().map(|d| d.status).collect();
    assert_eq!(statuses, [204, 302, 404, 201, 200].map(Some));
}

#[tokio::test]
async fn retries_of_several_events_come_in_their_order() {
    let receiver = Receiver::start().await;
    receiver.will(vec![Behaviour::Status(500); 6]);
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    for text in ["one", "two"] {
        sandbox.inbound(Inbound::new(USER, text)).await.unwrap();
        sandbox.advance(MINUTE / 2).await.unwrap();
    }
    sandbox.advance(HOUR).await.unwrap();
    let deliveries = sandbox.deliveries();
    assert!(deliveries.is_sorted_by_key(|delivery| delivery.at));
    // At 0:00, 0:30; 1:00, 1:30; 3:00, 3:30; 7:00, 7:30.
    let order: Vec<_> = deliveries.iter().map(|d| d.attempt).collect();
    assert_eq!(order, [1, 1, 2, 2, 3, 3, 4, 4]);
}

#[tokio::test]
async fn silence_is_no_answer() {
    let receiver = Receiver::start().await;
    receiver.will([Behaviour::Silence, Behaviour::Status(200)]);
    let sandbox = builder()
        .webhook_url(&receiver.url)
        .webhook_timeout(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    sandbox.advance(MINUTE).await.unwrap();
    let deliveries = sandbox.deliveries();
    assert_eq!(deliveries[0].event_id, event.id);
    assert_eq!(deliveries[0].error.as_deref(), Some("no answer in 50ms"));
    assert_eq!(deliveries[1].status, Some(200));
    assert_eq!(deliveries.len(), 2);
}

#[tokio::test]
async fn nobody_there_is_no_answer() {
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let sandbox = builder().webhook_url(url).start().await.unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let delivery = &sandbox.deliveries()[0];
    assert_eq!(delivery.status, None);
    let error = delivery.error.as_deref().unwrap();
    assert!(error.to_lowercase().contains("refused"), "{error}");
    // Once the address is corrected, the next attempt goes there.
    let receiver = Receiver::start().await;
    sandbox.set_webhook_url(Some(&receiver.url)).unwrap();
    sandbox.advance(MINUTE).await.unwrap();
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_cannot_be_trusted_gets_nothing() {
    let receiver = Receiver::start().await;
    // It speaks plain http: no handshake, whatever this machine trusts.
    let url = receiver.url.replace("http://", "https://");
    let sandbox = builder().webhook_url(url).start().await.unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let delivery = &sandbox.deliveries()[0];
    assert_eq!(delivery.status, None);
    assert!(delivery.error.is_some() && delivery.next_attempt_at.is_some());
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn comes_again_while_time_just_passes() {
    let receiver = Receiver::start().await;
    receiver.will([Behaviour::Status(500)]);
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    sandbox
        .advance(Duration::from_millis(59_700))
        .await
        .unwrap();
    for _ in 0..200 {
        if receiver.requests().len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no retry in 5 s: {:?}", sandbox.deliveries());
}

#[tokio::test]
async fn can_be_redelivered() {
    let receiver = Receiver::start().await;
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    let again = sandbox.redeliver(&event.id).await.unwrap();
    assert_eq!((again.attempt, again.status), (2, Some(200)));
    receiver.will([Behaviour::Status(503)]);
    let failed = sandbox.redeliver(&event.id).await.unwrap();
    assert!(failed.next_attempt_at.is_some());
    // A redelivery takes the place of the attempt that was due.
    sandbox.redeliver(&event.id).await.unwrap();
    sandbox.advance(DAY).await.unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|r| r.body == event.body));

    let unknown = sandbox.redeliver("evt_none").await;
    assert!(matches!(unknown, Err(SandboxError::NotFound(_))));
    sandbox.set_webhook_url(None).unwrap();
    let nowhere = sandbox.redeliver(&event.id).await;
    assert!(matches!(nowhere, Err(SandboxError::Refused(_))));
}

#[tokio::test]
async fn is_only_recorded_without_a_url() {
    let sandbox = builder().start().await.unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    assert!(sandbox.deliveries().is_empty());
    let receiver = Receiver::start().await;
    sandbox.set_webhook_url(Some(&receiver.url)).unwrap();
    sandbox.advance(DAY).await.unwrap();
    assert!(receiver.requests().is_empty());
    sandbox.redeliver(&event.id).await.unwrap();
    assert_eq!(receiver.requests()[0].body, event.body);
}

#[tokio::test]
async fn need_not_be_waited_for() {
    let receiver = Receiver::start().await;
    receiver.will([Behaviour::Silence]);
    let sandbox = builder()
        .webhook_url(&receiver.url)
        .webhook_timeout(Duration::from_secs(2))
        .start()
        .await
        .unwrap();
    let body = json!({"from": USER, "text": "Hi", "wait": false});
    let event = control(&sandbox, "POST", "/sandbox/inbound", body).await;
    let under_way = &sandbox.deliveries()[0];
    assert_eq!(event.json["id"], under_way.event_id.as_str());
    assert_eq!((under_way.status, &under_way.error), (None, &None));
    // Waits for what is under way.
    sandbox.advance(Duration::ZERO).await.unwrap();
    assert!(sandbox.deliveries()[0].error.is_some());
}

#[tokio::test]
async fn opt_outs_are_events_too() {
    let receiver = Receiver::start().await;
    let sandbox = builder().webhook_url(&receiver.url).start().await.unwrap();
    sandbox
        .opt_out(OptOut::new(USER, OptOutAction::Stop))
        .await
        .unwrap();
    let body = json!({"from": USER, "action": "HELP", "to": "36184"});
    control(&sandbox, "POST", "/sandbox/opt-out", body).await;
    assert_eq!(
        receiver.types(),
        ["marketing.subscription.stop", "marketing.subscription.help"]
    );
    let payload = receiver.requests()[1].json()["payload"].clone();
    assert_eq!(payload["action"], "HELP");
    assert_eq!(payload["from"], USER);
    assert_eq!(payload["to"], "36184");
    assert!(payload["received_at"].is_string());
    for received in receiver.requests() {
        let event = backchat_core::Event::from_json(&received.body).unwrap();
        assert!(
            matches!(event, backchat_core::Event::OptOut(_)),
            "{event:?}"
        );
    }
}
