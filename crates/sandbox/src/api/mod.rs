//! `/v2/notify…`: the token, then the body, then the endpoint, and between them the faults.

mod fields;
mod media;
mod notify;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use backchat_core::ErrorCode;
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;

use crate::answer::Answer;
use crate::fault::{FaultKind, ResetAfter};
use crate::refusal::Refusal;
use crate::route::Endpoint;
use crate::server::{self, Reset};
use crate::shared::Shared;

/// Answers a call of the API, or breaks as the next fault wants it.
pub(crate) async fn call(
    shared: &Arc<Shared>,
    endpoint: Endpoint<'_>,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Answer, Reset> {
    let fault = shared.state().faults.take_for_call();
    if let Some(fault) = &fault
        && matches!(
            fault.kind,
            FaultKind::Reset {
                after: ResetAfter::Head
            }
        )
    {
        return Err(Reset);
    }
    let body = server::read(body, server::LONGEST_REQUEST).await;
    let process = || Answer::from(process(shared, endpoint, headers, body));
    let Some(fault) = fault else {
        return Ok(process());
    };
    if let FaultKind::Delay { milliseconds } = fault.kind {
        let delay = Duration::from_millis(milliseconds);
        // The caller may leave meanwhile, which ends this future: processed first, or not at all.
        return Ok(if fault.processed {
            let answer = process();
            tokio::time::sleep(delay).await;
            answer
        } else {
            tokio::time::sleep(delay).await;
            process()
        });
    }
    let processed = fault.processed.then(process);
    match (&fault.kind, processed) {
        (FaultKind::Reset { .. }, _) => Err(Reset),
        (FaultKind::CutBody {}, Some(answer)) => Ok(answer.cut()),
        (kind, answer) => Ok(match (kind.answer(), answer) {
            (Some((status, code, retry_after)), _) => Answer::fault(status, code, retry_after),
            (None, Some(answer)) => answer,
            (None, None) => Refusal::because(ErrorCode::Internal).into(),
        }),
    }
}

fn process(
    shared: &Arc<Shared>,
    endpoint: Endpoint<'_>,
    headers: &HeaderMap,
    body: Result<Bytes, Refusal>,
) -> Result<Answer, Refusal> {
    check_token(headers, &shared.config.token)?;
    let body = body?;
    match endpoint {
        Endpoint::Reply => reply::call(shared, &body),
        Endpoint::Notify => notify::call(shared, &body),
        Endpoint::Media { message_id } => media::call(shared, message_id),
    }
}

/// `Authorization: Bearer <token>`.
fn check_token(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Refusal::because(ErrorCode::MissingApiToken));
    };
    let value = value.to_str().unwrap_or_default();
    let (scheme, given) = value.split_once(' ').unwrap_or((value, ""));
    let given = scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| given.trim_start());
    match given {
        Some("") => Err(Refusal::because(ErrorCode::MissingApiToken)),
        Some(given) if given == token => Ok(()),
        _ => Err(Refusal::because(ErrorCode::InvalidApiToken)),
    }
}
