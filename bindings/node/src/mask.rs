//! What may be printed of an event or an answer: for `util.inspect`.

use backchat_core::{Address, EchoedCallbackUrl, MessageText};
use napi_derive::napi;
use serde_json::{Map, Value};

/// `json`, the flat form of an event or an answer, with texts, numbers and the raw JSON masked as
/// the core masks them.
#[napi]
pub fn masked(json: String) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(&json) else {
        return "{}".to_owned();
    };
    for name in ["from", "to"] {
        mask(&mut fields, name, |number| Address::from(number).masked());
    }
    for name in ["text", "raw"] {
        mask(&mut fields, name, |text| MessageText::from(text).masked());
    }
    mask(&mut fields, "callback_url", |url| {
        EchoedCallbackUrl::from(url).masked()
    });
    if let Some(Value::Object(variables)) = fields.get_mut("variables") {
        for value in variables.values_mut() {
            *value = "…".into();
        }
    }
    // The content of a message, and the payload of an unknown event, may hold anything.
    for name in ["content", "payload"] {
        if let Some(tree) = fields.get_mut(name) {
            *tree = "…".into();
        }
    }
    Value::Object(fields).to_string()
}

fn mask(fields: &mut Map<String, Value>, name: &str, masked: impl Fn(&str) -> String) {
    if let Some(Value::String(value)) = fields.get_mut(name) {
        *value = masked(value);
    }
}
