//! `/sandbox/…` over HTTP.

use backchat_sandbox::Inbound;
use serde_json::{Value, json};

use crate::common::{Receiver, USER, builder, control, post, sandbox, try_call};

#[tokio::test]
async fn a_whole_conversation() {
    let receiver = Receiver::start().await;
    let sandbox = sandbox().await;
    let url = json!({"url": receiver.url});
    assert_eq!(
        control(&sandbox, "PUT", "/sandbox/webhook", url.clone())
            .await
            .json,
        url
    );
    assert_eq!(
        control(&sandbox, "GET", "/sandbox/webhook", Value::Null)
            .await
            .json,
        url
    );

    let body = json!({"from": USER, "text": "Hi", "to": "+14155550000", "channel": "whatsapp"});
    let event = control(&sandbox, "POST", "/sandbox/inbound", body)
        .await
        .json;
    assert_eq!(event, receiver.requests()[0].json());
    assert_eq!(event["payload"]["to"], "+14155550000");

    let id = event["id"].as_str().unwrap();
    let again = json!({"event_id": id});
    let again = control(&sandbox, "POST", "/sandbox/redeliver", again)
        .await
        .json;
    assert_eq!(
        (&again["attempt"], &again["status"]),
        (&json!(2), &json!(200))
    );
    let again = json!({"event_id": id, "wait": false});
    let again = control(&sandbox, "POST", "/sandbox/redeliver", again).await;
    assert_eq!(again.json, json!({"event_id": id}));

    let reply_to = event["payload"]["message_id"].clone();
    let body = json!({"to": USER, "text": "Hello", "reply_to": reply_to});
    let reply = post(&sandbox, "/v2/notify/reply", body).await.json;
    let messages = control(&sandbox, "GET", "/sandbox/messages", Value::Null)
        .await
        .json;
    assert_eq!(
        messages,
        json!([{
            "type": "reply", "id": reply["id"], "to": USER, "text": "Hello",
            "reply_to": reply_to, "quoted_text": "Hi", "channel": "whatsapp",
            "created_at": reply["created_at"],
        }])
    );

    let advance = json!({"seconds": 86_400});
    let clock = control(&sandbox, "POST", "/sandbox/clock/advance", advance)
        .await
        .json;
    assert!(clock["now"].as_str() > reply["created_at"].as_str());
    let clock = control(&sandbox, "GET", "/sandbox/clock", Value::Null)
        .await
        .json;
    assert_eq!(clock["now"].as_str().unwrap().len(), 30);

    let deliveries = control(&sandbox, "GET", "/sandbox/deliveries", Value::Null)
        .await
        .json;
    assert_eq!(deliveries.as_array().unwrap().len(), 3);
    assert_eq!(
        deliveries[0],
        json!({
            "event_id": id, "type": "inbound.message.received", "url": receiver.url,
            "attempt": 1, "at": deliveries[0]["at"], "status": 200,
        })
    );

    let reset = control(&sandbox, "POST", "/sandbox/reset", Value::Null).await;
    assert!(reset.json["now"].as_str() < clock["now"].as_str());
    for path in ["/sandbox/messages", "/sandbox/deliveries"] {
        let list = control(&sandbox, "GET", path, Value::Null).await;
        assert_eq!(list.json, json!([]), "{path}");
    }
    let webhook = control(&sandbox, "GET", "/sandbox/webhook", Value::Null).await;
    assert_eq!(webhook.json, json!({"url": null}));
}

#[tokio::test]
async fn the_account() {
    let sandbox = sandbox().await;
    let account = control(&sandbox, "GET", "/sandbox/account", Value::Null)
        .await
        .json;
    assert_eq!(account["balance"], 100.0);
    let changes = json!({"balance": 0, "blocked_numbers": [USER]});
    let after = control(&sandbox, "POST", "/sandbox/account", changes)
        .await
        .json;
    assert_eq!(after["balance"], 0.0);
    assert_eq!(after["suspended"], false);
    assert!(sandbox.account().blocked_numbers.contains(USER));
}

#[tokio::test]
async fn the_key() {
    let sandbox = sandbox().await;
    let jwks = control(&sandbox, "GET", "/sandbox/jwks.json", Value::Null).await;
    assert_eq!(&jwks.json, sandbox.jwks());
    let pem = try_call(&sandbox, "GET", "/sandbox/webhook-key.pem", "", None)
        .await
        .unwrap();
    assert_eq!(pem.status, 200);
    assert_eq!(
        pem.headers["content-length"],
        sandbox.public_key_pem().len().to_string()
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let sandbox = builder().start().await.unwrap();
    for (method, path, body, status) in [
        ("POST", "/sandbox/inbound", json!({"from": USER}), 400),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": USER, "text": ""}),
            400,
        ),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": "me", "text": "Hi"}),
            400,
        ),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": USER, "text": "Hi", "txet": 1}),
            400,
        ),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": USER, "text": "Hi", "to": "agent"}),
            400,
        ),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": USER, "text": "Hi", "channel": "sms"}),
            400,
        ),
        (
            "POST",
            "/sandbox/inbound",
            json!({"from": USER, "text": "Hi", "channel": "fax"}),
            400,
        ),
        (
            "POST",
            "/sandbox/redeliver",
            json!({"event_id": "evt_none"}),
            404,
        ),
        ("POST", "/sandbox/redeliver", json!({}), 400),
        (
            "POST",
            "/sandbox/opt-out",
            json!({"from": USER, "action": "PAUSE"}),
            400,
        ),
        (
            "POST",
            "/sandbox/opt-out",
            json!({"from": "me", "action": "STOP"}),
            400,
        ),
        (
            "POST",
            "/sandbox/clock/advance",
            json!({"seconds": -1}),
            400,
        ),
        (
            "POST",
            "/sandbox/clock/advance",
            json!({"seconds": 1e12}),
            400,
        ),
        (
            "POST",
            "/sandbox/clock/advance",
            json!({"seconds": 1e300}),
            400,
        ),
        ("POST", "/sandbox/clock/advance", json!({"minutes": 1}), 400),
        (
            "POST",
            "/sandbox/faults",
            json!({"kind": "status", "status": 200}),
            400,
        ),
        ("POST", "/sandbox/faults", json!({"kind": "meteor"}), 400),
        ("POST", "/sandbox/account", json!({"balanse": 0}), 400),
        (
            "POST",
            "/sandbox/templates",
            json!({"id": "order", "text": "Hi"}),
            400,
        ),
        (
            "POST",
            "/sandbox/templates",
            json!({"id": "template_1"}),
            400,
        ),
        ("PUT", "/sandbox/webhook", json!({"url": "here"}), 400),
        ("PUT", "/sandbox/webhook", json!({"uri": null}), 400),
        ("POST", "/sandbox/reset", json!({"hard": true}), 400),
        ("DELETE", "/sandbox/faults", json!({"kind": "status"}), 400),
    ] {
        let answer = control(&sandbox, method, path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert!(!answer.code().is_empty(), "{path} {body}");
        assert!(answer.json["message"].as_str().is_some_and(|m| m.len() > 5));
    }
    let unknown = json!({"from": USER, "text": "Hi", "txet": 1});
    let answer = control(&sandbox, "POST", "/sandbox/inbound", unknown).await;
    let message = answer.json["message"].as_str().unwrap();
    assert!(message.contains("`txet`"), "{message}");
    // Nothing of all this happened.
    assert_eq!(
        sandbox
            .inbound(Inbound::new(USER, "Hi"))
            .await
            .unwrap()
            .kind,
        "inbound.message.received"
    );
    assert!(sandbox.faults().is_empty() && sandbox.deliveries().is_empty());
}
