//! A body, written so that it can be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The bytes of a webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Bytes {
    /// These characters in UTF-8.
    Text(String),
    /// This JSON, however the language's own writer puts it.
    Json(Value),
    /// Bytes that are no text.
    Base64(String),
    /// One character many times between two texts.
    Padded {
        before: String,
        fill: char,
        count: usize,
        after: String,
    },
}

impl Bytes {
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        Ok(match self {
            Bytes::Text(text) => text.clone().into_bytes(),
            Bytes::Json(value) => value.to_string().into_bytes(),
            Bytes::Base64(encoded) => STANDARD.decode(encoded).map_err(|e| e.to_string())?,
            Bytes::Padded {
                before,
                fill,
                count,
                after,
            } => {
                let fill = String::from(*fill).repeat(*count);
                [before.as_str(), &fill, after].concat().into_bytes()
            }
        })
    }
}
