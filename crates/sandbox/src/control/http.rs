//! `/sandbox/…` over HTTP: JSON in, a control's method, JSON out.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Controls;
use crate::answer::Answer;
use crate::clock::wire;
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::route::Control;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeliver {
    event_id: String,
    #[serde(default = "yes")]
    wait: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
}

/// For what needs no arguments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(crate) async fn call(
    sandbox: &Controls,
    control: Control,
    body: Result<Bytes, Refusal>,
) -> Result<Answer, Refusal> {
    let body = body?;
    match control {
        Control::Inbound => {
            let event = sandbox.inbound(read(&body)?).await?;
            Ok(Answer::json_bytes(event.body))
        }
        Control::OptOut => {
            let event = sandbox.opt_out(read(&body)?).await?;
            Ok(Answer::json_bytes(event.body))
        }
        Control::Redeliver => {
            let Redeliver { event_id, wait } = read(&body)?;
            if wait {
                Answer::json(&sandbox.redeliver(&event_id).await?)
            } else {
                sandbox.redeliver_without_waiting(&event_id)?;
                Answer::json(&json!({ "event_id": event_id }))
            }
        }
        Control::Advance => {
            let Advance { seconds } = read(&body)?;
            let by = Duration::try_from_secs_f64(seconds)
                .map_err(|error| Refusal::request(format!("`seconds`: {error}")))?;
            sandbox.advance(by).await?;
            clock(sandbox)
        }
        Control::AddFault => {
            sandbox.fail_next(Fault::from_json(read(&body)?)?)?;
            Answer::json(&sandbox.faults())
        }
        Control::SetAccount => {
            let changes = read(&body)?;
            Answer::json(&sandbox.merge_account(changes)?)
        }
        Control::AddTemplate => {
            sandbox.add_template(read(&body)?)?;
            Answer::json(&sandbox.templates())
        }
        Control::SetWebhook => {
            let Webhook { url } = read(&body)?;
            sandbox.set_webhook_url(url.as_deref())?;
            webhook(sandbox)
        }
        Control::ClearFaults => {
            read_nothing(&body)?;
            sandbox.clear_faults();
            Answer::json(&sandbox.faults())
        }
        Control::Reset => {
            read_nothing(&body)?;
            sandbox.reset();
            clock(sandbox)
        }
        Control::Messages => Answer::json(&sandbox.messages()),
        Control::Deliveries => Answer::json(&sandbox.deliveries()),
        Control::Clock => clock(sandbox),
        Control::Faults => Answer::json(&sandbox.faults()),
        Control::Account => Answer::json(&sandbox.account()),
        Control::Templates => Answer::json(&sandbox.templates()),
        Control::Webhook => webhook(sandbox),
        Control::Jwks => Answer::json(sandbox.jwks()),
        Control::KeyPem => Ok(Answer::bytes(
            HeaderValue::from_static("application/x-pem-file"),
            Bytes::from(sandbox.public_key_pem().to_owned()),
        )),
    }
}

fn clock(sandbox: &Controls) -> Result<Answer, Refusal> {
    Answer::json(&json!({ "now": wire(sandbox.now()) }))
}

fn webhook(sandbox: &Controls) -> Result<Answer, Refusal> {
    Answer::json(&json!({ "url": sandbox.webhook_url() }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::request(error.to_string()))
}

/// No body, or an empty object: an argument would be lost on it.
fn read_nothing(body: &[u8]) -> Result<(), Refusal> {
    if body.is_empty() {
        return Ok(());
    }
    read::<Nothing>(body).map(drop)
}
