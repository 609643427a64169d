//! A case of `signatures.json` that is being written.

use serde::Serialize;

use super::super::error::ErrorFields;

/// The header's name, as Prelude writes it.
const HEADER: &str = "X-Webhook-Signature";

#[derive(Serialize)]
pub(super) struct Draft {
    name: String,
    via: &'static str,
    why: &'static str,
    call: &'static str,
    keys: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    expect: Expected,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Event {
        id: &'static str,
        #[serde(rename = "type")]
        event_type: &'static str,
        verified: bool,
    },
    Error(ErrorFields),
    /// A draft that is not finished. The schema knows no such thing.
    Nothing,
}

impl Draft {
    /// A request whose signature is checked with `keys`.
    pub(super) fn verify(
        name: impl Into<String>,
        keys: &[&'static str],
        body: &'static str,
        why: &'static str,
    ) -> Self {
        Self {
            name: name.into(),
            via: "api",
            why,
            call: "webhook.verify",
            keys: keys.to_vec(),
            body: Some(body),
            headers: Vec::new(),
            expect: Expected::Nothing,
        }
    }

    /// Keys that are refused before any request comes.
    pub(super) fn refused_key(name: &str, key: &'static str, why: &'static str) -> Self {
        let mut draft = Self::verify(name, &[key], "", why);
        draft.call = "webhook.new";
        draft.body = None;
        draft.fails(ErrorFields {
            code: "configuration".to_owned(),
            class: "ConfigurationError".to_owned(),
            webhook_status: 200,
            option: Some("public_key".to_owned()),
            ..ErrorFields::default()
        })
    }

    /// With the header as Prelude writes it.
    pub(super) fn signed(self, value: impl Into<String>) -> Self {
        self.header(HEADER, value)
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The seed's event comes out.
    pub(super) fn verifies(self) -> Self {
        self.gives("evt_01k8aq2zggeyssvt53zgvpx63a")
    }

    /// This event comes out.
    pub(super) fn gives(mut self, id: &'static str) -> Self {
        self.expect = Expected::Event {
            id,
            event_type: "inbound.message.received",
            verified: true,
        };
        self
    }

    pub(super) fn missing(self) -> Self {
        self.refused_as("signature_missing", "header_missing")
    }

    pub(super) fn invalid(self, reason: &str) -> Self {
        self.refused_as("signature_invalid", reason)
    }

    /// Signed by Prelude, but no event.
    pub(super) fn unreadable(self) -> Self {
        self.fails(ErrorFields {
            code: "event_unreadable".to_owned(),
            class: "UnreadableEventError".to_owned(),
            webhook_status: 200,
            verified: Some(true),
            ..ErrorFields::default()
        })
    }

    fn refused_as(self, code: &str, reason: &str) -> Self {
        self.fails(ErrorFields {
            code: code.to_owned(),
            class: "SignatureVerificationError".to_owned(),
            webhook_status: if reason == "body_too_long" { 413 } else { 401 },
            reason: Some(reason.to_owned()),
            ..ErrorFields::default()
        })
    }

    fn fails(mut self, error: ErrorFields) -> Self {
        self.expect = Expected::Error(error);
        self
    }
}
