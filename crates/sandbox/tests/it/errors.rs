//! Every documented error, for its real cause.

use std::collections::BTreeSet;

use backchat_core::ErrorCode;
use backchat_sandbox::{Account, Inbound, OptOut, OptOutAction, SandboxHandle, Template};
use serde_json::{Value, json};

use crate::common::{DAY, USER, builder, post, try_call};

const REPLY: &str = "/v2/notify/reply";
const NOTIFY: &str = "/v2/notify";

/// A sandbox in which a user just wrote, and the id of their message.
async fn with_message() -> (SandboxHandle, String) {
    let sandbox = builder()
        .template(Template::new(
            "template_order",
            "Order {{order}} is {{state}}",
        ))
        .template(Template::new("template_new", "Soon").not_validated())
        .template(Template::new("template_sale", "Buy").category("marketing"))
        .start()
        .await
        .unwrap();
    let event = sandbox.inbound(Inbound::new(USER, "Hi")).await.unwrap();
    (sandbox, event.message_id.unwrap())
}

fn good_reply(id: &str) -> Value {
    json!({"to": USER, "text": "Hello", "reply_to": id})
}

fn good_template() -> Value {
    json!({
        "template_id": "template_order",
        "to": USER,
        "variables": {"order": "7", "state": "on its way"},
    })
}

/// `base` with the fields of `changes`; `null` takes a field away.
fn changed(base: &Value, changes: &Value) -> Value {
    let mut body = base.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

#[tokio::test]
async fn wrong_fields_of_a_reply() {
    let (sandbox, id) = with_message().await;
    let good = good_reply(&id);
    for (changes, code) in [
        (json!({"to": null}), "invalid_request"),
        (json!({"to": 33}), "invalid_request"),
        (json!({"to": ""}), "invalid_phone_number"),
        (json!({"to": "0612345678"}), "invalid_phone_number"),
        (json!({"to": "+33 6 12 34 56 78"}), "invalid_phone_number"),
        (json!({"to": "+33612345679"}), "phone_number_mismatch"),
        (json!({"text": null}), "missing_text"),
        (json!({"text": ""}), "missing_text"),
        (json!({"text": ["a"]}), "invalid_request"),
        (json!({"reply_to": null}), "invalid_request"),
        (json!({"reply_to": false}), "invalid_request"),
        (json!({"reply_to": "evt_1"}), "invalid_reply_context"),
        (json!({"reply_to": "im_"}), "invalid_reply_context"),
        (
            json!({"reply_to": "im_01k8aq2zggeyssvt53zgvpx63a"}),
            "invalid_reply_context",
        ),
        (
            json!({"correlation_id": "é".repeat(81)}),
            "invalid_correlation_id",
        ),
        (json!({"correlation_id": 7}), "invalid_request"),
        (json!({"callback_url": "nowhere"}), "invalid_callback_url"),
        (
            json!({"callback_url": "ftp://example.com/"}),
            "invalid_callback_url",
        ),
        (json!({"callback_url": {}}), "invalid_request"),
    ] {
        let answer = post(&sandbox, REPLY, changed(&good, &changes)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{changes}");
        assert_eq!(answer.json["type"], "bad_request");
        let id = answer.json["request_id"].as_str().unwrap();
        assert_eq!(answer.headers["x-request-id"], id);
        assert!(
            answer.json["message"]
                .as_str()
                .is_some_and(|m| !m.is_empty())
        );
    }
    assert_eq!(sandbox.messages().len(), 0);
    // The longest id, `null`s, and fields of the future are all right.
    let body = json!({
        "to": USER, "text": " ", "reply_to": id, "correlation_id": "é".repeat(80),
        "callback_url": null, "reaction": "👍",
    });
    let answer = post(&sandbox, REPLY, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn wrong_fields_of_a_template() {
    let (sandbox, _) = with_message().await;
    let good = good_template();
    let now = sandbox.now();
    let at = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    for (changes, code) in [
        (json!({"template_id": null}), "invalid_request"),
        (json!({"template_id": "order"}), "invalid_template_id"),
        (
            json!({"template_id": "template_none"}),
            "template_not_found",
        ),
        (
            json!({"template_id": "template_new"}),
            "template_not_validated",
        ),
        (json!({"to": null}), "invalid_request"),
        (json!({"to": "me"}), "invalid_phone_number"),
        (json!({"variables": null}), "invalid_template_variables"),
        (
            json!({"variables": {"order": "7"}}),
            "invalid_template_variables",
        ),
        (
            json!({"variables": {"order": "7", "state": "x", "more": "y"}}),
            "invalid_template_variables",
        ),
        (
            json!({"variables": {"order": 7, "state": "x"}}),
            "invalid_request",
        ),
        (json!({"variables": []}), "invalid_request"),
        (json!({"locale": "not a locale"}), "invalid_locale"),
        (json!({"expires_at": "tomorrow"}), "invalid_date_format"),
        (json!({"schedule_at": "2025-10-24"}), "invalid_date_format"),
        (json!({"expires_at": at(-1)}), "expires_at_in_past"),
        (
            json!({"expires_at": at(25)}),
            "expires_at_too_far_in_future",
        ),
        (
            json!({"schedule_at": at(48), "expires_at": at(47)}),
            "expires_at_in_past",
        ),
        (json!({"schedule_at": at(-1)}), "invalid_request"),
        (json!({"schedule_at": at(91 * 24)}), "invalid_request"),
        (json!({"from": ""}), "invalid_sender_id"),
        (
            json!({"correlation_id": "c".repeat(81)}),
            "invalid_correlation_id",
        ),
        (json!({"callback_url": "/hook"}), "invalid_callback_url"),
        (json!({"preferred_channel": "fax"}), "invalid_request"),
        (json!({"max_auto_retries": "3"}), "invalid_request"),
        (
            json!({"document": {"url": "http://example.com/a.pdf"}}),
            "invalid_request",
        ),
        (json!({"document": {}}), "invalid_request"),
    ] {
        let answer = post(&sandbox, NOTIFY, changed(&good, &changes)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{changes}");
    }
    assert_eq!(sandbox.messages().len(), 0);
}

type Change = Box<dyn Fn(&mut Account)>;

#[tokio::test]
async fn what_the_account_forbids() {
    let (sandbox, id) = with_message().await;
    let numbers = || BTreeSet::from([USER.to_owned()]);
    let prefix = || BTreeSet::from(["+33".to_owned()]);
    let causes: [(&str, Change); 7] = [
        ("insufficient_balance", Box::new(|a| a.balance = 0.0)),
        ("suspended_account", Box::new(|a| a.suspended = true)),
        (
            "spending_limit_exceeded",
            Box::new(|a| a.spending_limit_exceeded = true),
        ),
        (
            "blocked_number",
            Box::new(move |a| a.blocked_numbers = numbers()),
        ),
        (
            "invalid_line_type",
            Box::new(move |a| a.invalid_line_numbers = numbers()),
        ),
        (
            "unsupported_country",
            Box::new(move |a| a.unsupported_countries = prefix()),
        ),
        (
            "unsupported_region",
            Box::new(move |a| a.unsupported_regions = prefix()),
        ),
    ];
    for (code, cause) in causes {
        sandbox.set_account(|account| {
            *account = Account::default();
            cause(account);
        });
        for (path, body) in [(REPLY, good_reply(&id)), (NOTIFY, good_template())] {
            let answer = post(&sandbox, path, body).await;
            assert_eq!((answer.status, answer.code()), (400, code), "{path}");
        }
        // The fields come first, then the account, then the conversation.
        let answer = post(&sandbox, REPLY, good_reply("im_none")).await;
        assert_eq!(answer.code(), code);
        let body = changed(&good_reply(&id), &json!({"text": ""}));
        assert_eq!(post(&sandbox, REPLY, body).await.code(), "missing_text");
    }
    sandbox.set_account(|account| *account = Account::default());
    assert_eq!(post(&sandbox, REPLY, good_reply(&id)).await.status, 200);
    assert_eq!(post(&sandbox, NOTIFY, good_template()).await.status, 200);
}

#[tokio::test]
async fn what_the_account_forbids_of_templates() {
    let (sandbox, id) = with_message().await;
    sandbox.set_account(|account| {
        account.forbidden_categories.insert("marketing".to_owned());
        account.sender_ids.insert("Acme".to_owned());
    });
    let sale = json!({"template_id": "template_sale", "to": USER});
    assert_eq!(
        post(&sandbox, NOTIFY, sale).await.code(),
        "category_forbidden"
    );
    let body = changed(&good_template(), &json!({"from": "Evil"}));
    assert_eq!(
        post(&sandbox, NOTIFY, body).await.code(),
        "invalid_sender_id"
    );
    let body = changed(&good_template(), &json!({"from": "Acme"}));
    let answer = post(&sandbox, NOTIFY, body).await;
    assert_eq!((answer.status, &answer.json["from"]), (200, &json!("Acme")));

    sandbox
        .opt_out(OptOut::new(USER, OptOutAction::Stop))
        .await
        .unwrap();
    assert_eq!(
        post(&sandbox, NOTIFY, good_template()).await.code(),
        "unsubscribed"
    );
    sandbox
        .opt_out(OptOut::new(USER, OptOutAction::Help))
        .await
        .unwrap();
    assert_eq!(
        post(&sandbox, NOTIFY, good_template()).await.code(),
        "unsubscribed"
    );
    // Who writes by themselves can be answered.
    assert_eq!(post(&sandbox, REPLY, good_reply(&id)).await.status, 200);
    sandbox
        .opt_out(OptOut::new(USER, OptOutAction::Start))
        .await
        .unwrap();
    assert_eq!(post(&sandbox, NOTIFY, good_template()).await.status, 200);
}

#[tokio::test]
async fn the_token_comes_first() {
    let (sandbox, id) = with_message().await;
    for (token, code) in [
        (None, "missing_api_token"),
        (Some("Bearer "), "missing_api_token"),
        (Some("Bearer wrong"), "invalid_api_token"),
        (Some("sandbox"), "invalid_api_token"),
        (Some("Basic sandbox"), "invalid_api_token"),
    ] {
        for path in [REPLY, NOTIFY] {
            let answer = try_call(&sandbox, "POST", path, "{", token).await.unwrap();
            assert_eq!((answer.status, answer.code()), (401, code), "{token:?}");
            assert_eq!(answer.json["type"], "unauthorized");
        }
    }
    let body = good_reply(&id).to_string();
    let answer = try_call(&sandbox, "POST", REPLY, body, Some("bearer sandbox")).await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_json_or_not_there() {
    let (sandbox, id) = with_message().await;
    let token = Some("Bearer sandbox");
    for body in ["", "{", "[]", "null", "\"text\"", "{\"to\": \"\u{0}\"}"] {
        let answer = try_call(&sandbox, "POST", REPLY, body, token)
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_request"),
            "{body}"
        );
    }
    let long = changed(&good_reply(&id), &json!({"text": "x".repeat(1024 * 1024)}));
    let answer = post(&sandbox, REPLY, long).await;
    assert_eq!((answer.status, answer.code()), (413, "invalid_request"));
    let long = changed(&good_reply(&id), &json!({"text": "x".repeat(1_000_000)}));
    assert_eq!(post(&sandbox, REPLY, long).await.status, 200);

    for (method, path, status) in [
        ("POST", "/v2/nothing", 404),
        ("GET", "/", 404),
        ("GET", REPLY, 405),
        ("DELETE", "/sandbox/clock", 405),
    ] {
        let answer = try_call(&sandbox, method, path, "", token).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json["request_id"].is_string(), "{path}");
    }
}

/// With `window_expired` (see `windows.rs`) and those that only faults make, the tables above are all
/// that the documentation names.
#[tokio::test]
async fn every_documented_code_has_a_cause() {
    let source = include_str!("errors.rs");
    let (sandbox, id) = with_message().await;
    sandbox.advance(DAY).await.unwrap();
    let answer = post(&sandbox, REPLY, good_reply(&id)).await;
    assert_eq!(answer.code(), "window_expired");
    for code in ErrorCode::ALL.iter().filter(|code| code.is_documented()) {
        if matches!(
            code,
            ErrorCode::Internal
                | ErrorCode::InvalidApiKey
                | ErrorCode::DocumentNotSupported
                | ErrorCode::BatchSizeExceeded
                | ErrorCode::EmptyBatch
                | ErrorCode::ChannelNotEnabledInRegion
        ) {
            let fault = backchat_sandbox::Fault::status(500).code(code.as_str());
            sandbox.fail_next(fault).unwrap();
            let answer = post(&sandbox, REPLY, good_reply(&id)).await;
            assert_eq!(answer.code(), code.as_str());
        } else {
            let quoted = format!("\"{code}\"");
            assert!(source.contains(&quoted), "{code} has no case here");
        }
    }
}
