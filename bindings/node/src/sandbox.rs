//! `backchat/testing`: Prelude on this machine.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backchat_core::Error;
use backchat_sandbox::{
    Controls, Fault, Inbound, OptOut, Sandbox, SandboxError, SandboxHandle, Template, WebhookEvent,
};
use napi_derive::napi;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::later;
use crate::error::{Thrown, thrown, to_json};
use crate::mailbox::{Inner, Mailbox};
use crate::options::duration;

/// `Sandbox.start({…})`.
#[napi(object, object_to_js = false)]
pub struct SandboxOptions {
    pub listen: Option<String>,
    pub token: Option<String>,
    pub webhook_url: Option<String>,
    pub business_number: Option<String>,
    pub signing_key: Option<String>,
    pub start_at: Option<String>,
    pub webhook_timeout: Option<f64>,
}

/// A sandbox that runs on the shared runtime, from `start` to `stop`.
#[napi(js_name = "Sandbox")]
pub struct NativeSandbox {
    handle: Arc<Mutex<Option<SandboxHandle>>>,
    mailbox: Arc<Inner>,
}

#[napi]
impl NativeSandbox {
    #[napi(constructor)]
    pub fn new(mailbox: &Mailbox) -> Self {
        Self {
            handle: Arc::default(),
            mailbox: Arc::clone(&mailbox.inner),
        }
    }

    /// `start`: answers with the address, the token and the key.
    #[napi]
    pub fn start(&self, call: u32, options: SandboxOptions) {
        let place = Arc::clone(&self.handle);
        later(&self.mailbox, call, async move {
            let handle = start(options).await?;
            let shown = serde_json::json!({
                "url": handle.url(),
                "token": handle.token(),
                "publicKey": handle.public_key_pem(),
                "jwks": handle.jwks(),
            });
            *locked(&place) = Some(handle);
            Ok(shown.to_string())
        });
    }

    /// `stop`.
    #[napi]
    pub fn stop(&self, call: u32) {
        let handle = locked(&self.handle).take();
        later(&self.mailbox, call, async move {
            if let Some(handle) = handle {
                handle.stop().await;
            }
            Ok("null".to_owned())
        });
    }

    /// `say`; `message` is the body of `POST /sandbox/inbound`.
    #[napi]
    pub fn say(&self, call: u32, message: String) {
        self.control(call, |controls| async move {
            let message: Inbound = read(&message)?;
            Ok(event(&controls.inbound(message).await?))
        });
    }

    /// `optOut`; the body of `POST /sandbox/opt-out`.
    #[napi]
    pub fn opt_out(&self, call: u32, opt_out: String) {
        self.control(call, |controls| async move {
            let opt_out: OptOut = read(&opt_out)?;
            Ok(event(&controls.opt_out(opt_out).await?))
        });
    }

    /// `redeliver`.
    #[napi]
    pub fn redeliver(&self, call: u32, event_id: String) {
        self.control(call, |controls| async move {
            Ok(to_json(&controls.redeliver(&event_id).await?))
        });
    }

    /// `advance`, by milliseconds.
    #[napi]
    pub fn advance(&self, call: u32, by: f64) {
        self.control(call, move |controls| async move {
            let by = duration("by", by).map_err(|e| SandboxError::Refused(e.to_string()))?;
            Ok(to_json(&controls.advance(by).await?.to_string()))
        });
    }

    /// `messages`.
    #[napi]
    pub fn messages(&self) -> Result<String, Thrown> {
        self.now(|controls| Ok(to_json(&controls.messages())))
    }

    /// `deliveries`.
    #[napi]
    pub fn deliveries(&self) -> Result<String, Thrown> {
        self.now(|controls| Ok(to_json(&controls.deliveries())))
    }

    /// `now`.
    #[napi]
    pub fn clock(&self) -> Result<String, Thrown> {
        self.now(|controls| Ok(to_json(&controls.now().to_string())))
    }

    /// `failNext`; the body of `POST /sandbox/faults`.
    #[napi]
    pub fn fail_next(&self, fault: String) -> Result<String, Thrown> {
        self.now(|controls| {
            controls.fail_next(Fault::from_json(read(&fault)?)?)?;
            Ok("null".to_owned())
        })
    }

    /// `clearFaults`.
    #[napi]
    pub fn clear_faults(&self) -> Result<String, Thrown> {
        self.now(|controls| {
            controls.clear_faults();
            Ok("null".to_owned())
        })
    }

    /// `account`, with these changes: the body of `POST /sandbox/account`.
    #[napi]
    pub fn account(&self, changes: String) -> Result<String, Thrown> {
        self.now(|controls| Ok(to_json(&controls.merge_account(read(&changes)?)?)))
    }

    /// `addTemplate`; the body of `POST /sandbox/templates`.
    #[napi]
    pub fn add_template(&self, template: String) -> Result<String, Thrown> {
        self.now(|controls| {
            controls.add_template(read::<Template>(&template)?)?;
            Ok("null".to_owned())
        })
    }

    /// `setWebhookUrl`.
    #[napi]
    pub fn set_webhook_url(&self, url: Option<String>) -> Result<String, Thrown> {
        self.now(|controls| {
            controls.set_webhook_url(url.as_deref())?;
            Ok("null".to_owned())
        })
    }

    /// `reset`.
    #[napi]
    pub fn reset(&self) -> Result<String, Thrown> {
        self.now(|controls| {
            controls.reset();
            Ok("null".to_owned())
        })
    }

    fn controls(&self) -> Result<Controls, SandboxError> {
        let handle = locked(&self.handle);
        handle
            .as_ref()
            .map(SandboxHandle::controls)
            .ok_or(SandboxError::Stopped)
    }

    /// A control that answers at once.
    fn now(
        &self,
        work: impl FnOnce(Controls) -> Result<String, SandboxError>,
    ) -> Result<String, Thrown> {
        self.controls()
            .and_then(work)
            .map_err(|error| thrown(refused(&error)))
    }

    /// A control that takes its time.
    fn control<F>(&self, call: u32, work: impl FnOnce(Controls) -> F)
    where
        F: Future<Output = Result<String, SandboxError>> + Send + 'static,
    {
        let running = self.controls().map(work);
        later(&self.mailbox, call, async move {
            match running {
                Ok(running) => running.await.map_err(|error| refused(&error)),
                Err(error) => Err(refused(&error)),
            }
        });
    }
}

async fn start(options: SandboxOptions) -> Result<SandboxHandle, Error> {
    let mut builder = Sandbox::builder();
    if let Some(address) = options.listen {
        let address = address.parse();
        builder = builder.listen(address.map_err(|_| {
            Error::configuration(
                "listen",
                "must be an address and a port, such as 127.0.0.1:8787",
            )
        })?);
    }
    if let Some(token) = options.token {
        builder = builder.token(token);
    }
    if let Some(url) = options.webhook_url {
        builder = builder.webhook_url(url);
    }
    if let Some(number) = options.business_number {
        builder = builder.business_number(number);
    }
    if let Some(pem) = options.signing_key {
        builder = builder.signing_key_pem(pem);
    }
    if let Some(moment) = options.start_at {
        let moment = moment.parse();
        builder = builder.start_at(moment.map_err(|_| {
            Error::configuration("start_at", "must be a Date, or a moment in RFC 3339")
        })?);
    }
    if let Some(timeout) = options.webhook_timeout {
        builder = builder.webhook_timeout(duration("webhook_timeout", timeout)?);
    }
    builder.start().await.map_err(|error| refused(&error))
}

/// The event, as an application receives it.
fn event(event: &WebhookEvent) -> String {
    #[derive(Serialize)]
    struct Shown<'a> {
        id: &'a str,
        r#type: &'a str,
        message_id: Option<&'a str>,
        body: std::borrow::Cow<'a, str>,
        headers: Value,
    }
    to_json(&Shown {
        id: &event.id,
        r#type: &event.kind,
        message_id: event.message_id.as_deref(),
        body: String::from_utf8_lossy(&event.body),
        headers: serde_json::json!({
            "content-type": "application/json",
            "x-webhook-signature": event.signature,
        }),
    })
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, SandboxError> {
    serde_json::from_str(json).map_err(|error| SandboxError::Refused(error.to_string()))
}

fn refused(error: &SandboxError) -> Error {
    Error::configuration("sandbox", error.to_string())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
