//! The application's functions: they run in JavaScript, in the call that brought their event.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use backchat_core::{CallbackUrl, CorrelationId, DeliveryEvent, Error, Event, OptOutEvent};
use backchat_inbox::{Answer, Failure, HandlerContext, Inbox, caller};
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::to_json;
use crate::event;
use crate::mailbox::{Inner, Kind};
use crate::template::{TemplateArgs, parsed};

/// The call of JavaScript (`receive`, `handle`, `run`) that a handler runs for.
pub(crate) struct Caller {
    pub(crate) mailbox: Arc<Inner>,
    pub(crate) call: u32,
}

/// Which function is to run.
#[napi(string_enum = "snake_case")]
#[derive(Clone, Copy)]
pub enum Handler {
    Message,
    Delivery,
    OptOut,
    Other,
}

impl Handler {
    fn name(self) -> &'static str {
        match self {
            Handler::Message => "message",
            Handler::Delivery => "delivery",
            Handler::OptOut => "opt_out",
            Handler::Other => "other",
        }
    }
}

/// Lets `inbox` hand events of this kind to JavaScript.
pub(crate) fn set(inbox: &Inbox, handler: Handler) -> Result<(), Error> {
    match handler {
        Handler::Message => inbox.on_message(|message| async move {
            let answer = ask(Handler::Message, &Event::InboundMessage(message)).await?;
            let answer: Answered = serde_json::from_str(&answer).map_err(|_| {
                Error::configuration(
                    "onMessage",
                    "must return a string, nothing, or `{ text, … }`",
                )
            })?;
            answer.into_answer().map_err(Failed::from)
        }),
        Handler::Delivery => inbox.on_delivery(|event: DeliveryEvent| async move {
            ask(Handler::Delivery, &Event::Delivery(event))
                .await
                .map(drop)
        }),
        Handler::OptOut => inbox.on_opt_out(|event: OptOutEvent| async move {
            ask(Handler::OptOut, &Event::OptOut(event)).await.map(drop)
        }),
        Handler::Other => {
            inbox.on_other(|event| async move { ask(Handler::Other, &event).await.map(drop) })
        }
    }
}

/// Tells JavaScript what went wrong: in the call where it did, or the inbox `inbox` when no call is
/// under way.
pub(crate) fn tell(mailbox: &Inner, inbox: u32, failure: &Failure) {
    #[derive(Serialize)]
    struct Shown<'a> {
        inbox: u32,
        stage: &'static str,
        r#final: bool,
        event_id: Option<&'a str>,
        message_id: Option<&'a str>,
        /// The fields of an error of ours; null for what the application threw.
        error: Option<&'a RawValue>,
        text: String,
    }
    let ours = failure
        .error
        .downcast_ref::<Error>()
        .map(crate::error::json);
    let failed = failure.error.downcast_ref::<Failed>();
    let (ours, question) = match failed {
        Some(Failed::Thrown(question)) => (None, *question),
        Some(Failed::Answer(error)) => (Some(crate::error::json(error)), 0),
        None => (ours, 0),
    };
    let ours = ours.and_then(|json| RawValue::from_string(json).ok());
    let shown = Shown {
        inbox,
        stage: failure.stage.as_str(),
        r#final: failure.is_final,
        event_id: failure.event_id.as_ref().map(AsRef::as_ref),
        message_id: failure.message_id.as_ref().map(AsRef::as_ref),
        error: ours.as_deref(),
        text: failure.error.to_string(),
    };
    let call = caller::current::<Caller>().map_or(0, |caller| caller.call);
    mailbox.post(Kind::Failure, call, question, &to_json(&shown));
}

async fn ask(handler: Handler, event: &Event) -> Result<String, Failed> {
    let (Some(caller), Some(run)) = (caller::current::<Caller>(), HandlerContext::current()) else {
        return Err(Failed::Thrown(0));
    };
    let json = format!(
        r#"["{}",{},{},{}]"#,
        handler.name(),
        event::shown(event),
        run.attempt(),
        run.remaining().as_secs_f64() * 1e3,
    );
    let mailbox = &caller.mailbox;
    let answer = mailbox.ask_to_handle(caller.call, run, &json).await;
    answer.map_err(Failed::Thrown)
}

/// Why a handler gave no answer.
#[derive(Debug)]
enum Failed {
    /// It threw; JavaScript keeps the error under the question's number.
    Thrown(u32),
    /// It returned something that is no answer.
    Answer(Box<Error>),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::Answer(Box::new(error))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Thrown(_) => f.write_str("the handler threw"),
            Failed::Answer(error) => error.fmt(f),
        }
    }
}

impl StdError for Failed {}

/// What a message handler returned.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answered {
    Nothing(()),
    Text(String),
    Options(Box<Options>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    text: Option<String>,
    callback_url: Option<String>,
    correlation_id: Option<String>,
    template: Option<TemplateArgs>,
}

impl Answered {
    fn into_answer(self) -> Result<Answer, Error> {
        let options = match self {
            Answered::Nothing(()) => return Ok(Answer::none()),
            Answered::Text(text) => return Ok(Answer::text(text)),
            Answered::Options(options) => *options,
        };
        let mut answer = Answer::none();
        answer.text = options.text;
        answer.callback_url = parsed(options.callback_url, CallbackUrl::parse)?;
        answer.correlation_id = parsed(options.correlation_id, CorrelationId::parse)?;
        answer.template = options.template.map(TemplateArgs::template).transpose()?;
        Ok(answer)
    }
}
