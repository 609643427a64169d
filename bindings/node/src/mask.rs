//! What may be printed of an event or an answer: for `util.inspect`.

use backchat_core::{Address, EchoedCallbackUrl, MessageText, Timestamp};
use napi_derive::napi;
use serde_json::{Map, Value};

/// `json`, the flat form of an event or an answer, masked as the core masks it: texts, numbers, the
/// raw JSON, and every word that does not look like one.
#[napi]
pub fn masked(json: String) -> String {
    match serde_json::from_str(&json) {
        Ok(Value::Object(fields)) => object(fields).to_string(),
        _ => "{}".to_owned(),
    }
}

/// A word that came from elsewhere, or `…` when it does not look like one.
#[napi]
pub fn plain_word(word: String) -> String {
    backchat_core::plain_word(&word).to_owned()
}

fn object(fields: Map<String, Value>) -> Value {
    let shown = fields.into_iter().map(|(name, value)| {
        let value = field(&name, value);
        (name, value)
    });
    Value::Object(shown.collect())
}

fn field(name: &str, value: Value) -> Value {
    match (name, value) {
        // The content of a message, and the payload of an unknown event, may hold anything.
        ("content" | "payload", _) | (_, Value::Array(_)) => "…".into(),
        ("from" | "to", Value::String(number)) => Address::from(number).masked().into(),
        ("text" | "raw", Value::String(text)) => MessageText::from(text).masked().into(),
        ("callback_url", Value::String(url)) => EchoedCallbackUrl::from(url).masked().into(),
        ("variables", Value::Object(variables)) => {
            let names = variables.keys().map(|name| backchat_core::plain_word(name));
            names
                .map(|name| (name.to_owned(), Value::from("…")))
                .collect()
        }
        (_, Value::String(word)) if is_moment(&word) => word.into(),
        (_, Value::String(word)) => plain_word(word).into(),
        (_, Value::Object(fields)) => object(fields),
        (_, value) => value,
    }
}

fn is_moment(word: &str) -> bool {
    word.len() <= 64 && Timestamp::from(word).instant().is_some()
}
