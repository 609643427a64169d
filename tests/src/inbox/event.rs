//! The webhook bodies of numbered messages and of their delivery events.

use serde_json::json;

/// No headers: the inboxes here trust every body.
pub const NO_HEADERS: [(&str, &str); 0] = [];

/// The id of message `number`, `im_…`.
pub fn message_id(number: u32) -> String {
    format!("im_{number:026}")
}

/// The number of the message with this id.
pub fn number(message_id: &str) -> Option<u32> {
    message_id.strip_prefix("im_")?.parse().ok()
}

/// The phone number of one of `senders` people: message `number` is from number `number % senders`.
pub fn sender(number: u32, senders: u32) -> String {
    format!("+336{:08}", number % senders.max(1))
}

/// `inbound.message.received` for message `number`.
pub fn inbound(number: u32, senders: u32) -> Vec<u8> {
    json!({
        "id": format!("evt_{number:026}"),
        "type": "inbound.message.received",
        "created_at": "2026-01-02T03:04:05.678901234Z",
        "payload": {
            "message_id": message_id(number),
            "channel": "whatsapp",
            "from": sender(number, senders),
            "to": "+33123456789",
            "content": { "type": "text", "text": format!("Question {number}") },
            "conversation": { "window_expires_at": "2026-01-03T03:04:05Z" },
        },
    })
    .to_string()
    .into_bytes()
}

/// `transactional.message.delivered` for the reply with this correlation id.
pub fn delivered(reply_id: &str, correlation_id: &str) -> Vec<u8> {
    json!({
        "id": "evt_01k8aq2zggeyssvt53zgvpx63d",
        "type": "transactional.message.delivered",
        "created_at": "2026-01-02T03:04:06.678901234Z",
        "payload": {
            "message_id": reply_id,
            "correlation_id": correlation_id,
            "to": "+33600000000",
        },
    })
    .to_string()
    .into_bytes()
}
