//! A request as the server received it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{same, same_json};
use crate::fault::Received;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedRequest {
    path: String,
    /// Null: no such header.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    body: Map<String, Value>,
}

impl ExpectedRequest {
    pub(super) fn check(&self, received: &Received) -> Result<(), String> {
        same("method", &"POST", &received.method.as_str())?;
        same("path", &self.path, &received.path)?;
        for (name, value) in &self.headers {
            let got = received.header(name).map(str::to_owned);
            same(name, value, &got)?;
        }
        let got = received.json().map_err(|e| format!("the body: {e}"))?;
        let mut expected = self.body.clone();
        let echoed = &got["correlation_id"];
        if let Some(id) = expected.get_mut("correlation_id")
            && let Some(head) = id["generated_for"].as_str()
        {
            check_generated(head, echoed)?;
            *id = echoed.clone();
        }
        same_json("the body", &Value::Object(expected), &got)
    }
}

/// `<head>.<12 characters of Crockford's base32>`.
fn check_generated(head: &str, got: &Value) -> Result<(), String> {
    let random = got
        .as_str()
        .and_then(|id| id.strip_prefix(head)?.strip_prefix('.'))
        .ok_or_else(|| format!("correlation_id: expected one for {head}, got {got}"))?;
    let alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    if random.len() == 12 && random.chars().all(|c| alphabet.contains(c)) {
        Ok(())
    } else {
        Err(format!(
            "correlation_id: expected 12 random characters, got {random}"
        ))
    }
}
