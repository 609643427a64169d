//! `POST /v2/notify`: send a template.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use backchat_core::{
    CallbackUrl, CorrelationId, DateTime, DocumentUrl, ErrorCode, Locale, PhoneNumber, TemplateId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use crate::Channel;
use crate::answer::Answer;
use crate::clock::{later, wire};
use crate::message::{SentMessage, SentTemplate};
use crate::refusal::Refusal;
use crate::segments;
use crate::shared::Shared;
use crate::state::State;
use crate::webhook::book::Outgoing;

/// "Provide a date within the next day", says the documentation of
/// `expires_at_too_far_in_future`; the day begins when the message is to go out.
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// "Up to 90 days in advance".
const LONGEST_WAIT: Duration = Duration::from_hours(90 * 24);

struct Request {
    template_id: TemplateId,
    to: PhoneNumber,
    from: Option<String>,
    locale: Option<Locale>,
    variables: BTreeMap<String, String>,
    expires_at: Option<DateTime>,
    schedule_at: Option<DateTime>,
    callback_url: Option<CallbackUrl>,
    correlation_id: Option<CorrelationId>,
    preferred_channel: Option<Channel>,
    document_url: Option<DocumentUrl>,
}

#[derive(Deserialize)]
struct Document {
    url: String,
    /// Checked for its type only.
    #[serde(rename = "filename")]
    _filename: Option<String>,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let fields = Fields::read(body)?;
        fields.value::<u32>("max_auto_retries", "a whole number")?;
        let document = fields.value::<Document>("document", "an object with a `url`")?;
        Ok(Self {
            template_id: fields.required("template_id", TemplateId::parse)?,
            to: fields.required("to", PhoneNumber::parse)?,
            from: fields.string("from")?.map(str::to_owned),
            locale: fields.optional("locale", Locale::parse)?,
            variables: fields.strings("variables")?,
            expires_at: fields.optional("expires_at", DateTime::parse)?,
            schedule_at: fields.optional("schedule_at", DateTime::parse)?,
            callback_url: fields.optional("callback_url", CallbackUrl::parse)?,
            correlation_id: fields.optional("correlation_id", CorrelationId::parse)?,
            preferred_channel: fields.value("preferred_channel", "`sms`, `rcs` or `whatsapp`")?,
            document_url: document
                .map(|document| DocumentUrl::parse(&document.url))
                .transpose()?,
        })
    }

    /// When it goes out, if not at once, and when it is given up.
    fn times(&self, now: Timestamp) -> Result<(Option<Timestamp>, String), Refusal> {
        let schedule_at = self.schedule_at.as_ref().map(moment).transpose()?;
        if schedule_at.is_some_and(|at| at <= now || at > later(now, LONGEST_WAIT)) {
            return Err(Refusal::request(
                "`schedule_at` must be in the future, and within 90 days",
            ));
        }
        let begin = schedule_at.unwrap_or(now);
        let Some(expires_at) = &self.expires_at else {
            return Ok((schedule_at, wire(later(begin, LONGEST_LIFE))));
        };
        let moment = moment(expires_at)?;
        if moment <= begin {
            Err(Refusal::because(ErrorCode::ExpiresAtInPast))
        } else if moment > later(begin, LONGEST_LIFE) {
            Err(Refusal::because(ErrorCode::ExpiresAtTooFarInFuture))
        } else {
            Ok((schedule_at, expires_at.as_str().to_owned()))
        }
    }
}

fn moment(date: &DateTime) -> Result<Timestamp, Refusal> {
    date.as_str()
        .parse()
        .map_err(|_| Refusal::because(ErrorCode::InvalidDateFormat))
}

#[derive(Serialize)]
struct Accepted<'a> {
    id: &'a str,
    to: &'a str,
    template_id: &'a str,
    variables: &'a BTreeMap<String, String>,
    created_at: String,
    expires_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_segment_count: Option<usize>,
}

pub(super) fn call(shared: &Arc<Shared>, body: &[u8]) -> Result<Answer, Refusal> {
    let request = Request::read(body)?;
    let mut state = shared.state();
    let generation = state.generation;
    let template = accept(&mut state, &request)?;
    let message = SentMessage::Template(template.clone());
    state.sent.push(message.clone());
    let failure = state.faults.take_for_delivery();
    drop(state);
    shared.send(generation, Outgoing { message, failure });
    // Segments are a matter of SMS, which is also what other channels may fall back to.
    let segments = (request.preferred_channel.unwrap_or(Channel::Sms) == Channel::Sms)
        .then(|| segments::estimate(&template.text));
    Answer::json(&Accepted {
        id: &template.id,
        to: &template.to,
        template_id: &template.template_id,
        variables: &template.variables,
        created_at: wire(template.created_at),
        expires_at: &template.expires_at,
        schedule_at: template.schedule_at.map(wire),
        from: template.from.as_deref(),
        callback_url: template.callback_url.as_deref(),
        correlation_id: template.correlation_id.as_deref(),
        encoding: segments.map(|(encoding, _)| encoding),
        estimated_segment_count: segments.map(|(_, count)| count),
    })
}

fn accept(state: &mut State, request: &Request) -> Result<SentTemplate, Refusal> {
    let (schedule_at, expires_at) = request.times(state.clock.now())?;
    let to = request.to.as_str();
    let account = &state.account;
    if let Some(code) = account.refusal(to) {
        return Err(Refusal::because(code));
    }
    if let Some(from) = &request.from
        && !account.may_send_as(from)
    {
        return Err(Refusal::because(ErrorCode::InvalidSenderId));
    }
    let Some(template) = state.templates.get(request.template_id.as_str()) else {
        return Err(Refusal::because(ErrorCode::TemplateNotFound));
    };
    if !template.validated {
        return Err(Refusal::because(ErrorCode::TemplateNotValidated));
    }
    if account.forbidden_categories.contains(&template.category) {
        return Err(Refusal::because(ErrorCode::CategoryForbidden));
    }
    let wanted = template.variables();
    let given: BTreeSet<&str> = request.variables.keys().map(String::as_str).collect();
    if wanted != given {
        return Err(Refusal::new(
            ErrorCode::InvalidTemplateVariables,
            format!("the template's variables are {wanted:?}, given were {given:?}"),
        ));
    }
    if account.unsubscribed_numbers.contains(to) {
        return Err(Refusal::because(ErrorCode::Unsubscribed));
    }
    let text = template.render(&request.variables);
    let (id, created_at) = state.stamp("tx");
    Ok(SentTemplate {
        id,
        to: to.to_owned(),
        text,
        template_id: request.template_id.as_str().to_owned(),
        variables: request.variables.clone(),
        channel: request.preferred_channel.unwrap_or_default(),
        created_at,
        expires_at,
        schedule_at,
        from: request.from.clone(),
        locale: request.locale.as_ref().map(ToString::to_string),
        document_url: request.document_url.as_ref().map(ToString::to_string),
        callback_url: request.callback_url.as_ref().map(ToString::to_string),
        correlation_id: request.correlation_id.as_ref().map(ToString::to_string),
    })
}
