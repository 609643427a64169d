//! The attempts of one call: at most one POST whose bytes may have had an effect.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::{Instant, sleep, timeout_at};

use super::call_state::CallState;
use super::failure;
use super::message::{Message, Post};
use super::observer::{self, Attempt};
use super::shutdown::cancelled_or_closed;
use super::token::{Bearer, TokenProvider};
use super::transport::Transport;
use super::{Inner, TokenSource, random, retry};
use crate::echo::Echo;
use crate::{
    CallInfo, CorrelationId, Error, ErrorCode, InboundMessageId, Outcome, RequestId, SentMessageId,
};

/// One request of the API, and how it is tried.
pub(super) trait Request: Sync {
    type Response: Send;
    const OPERATION: &'static str;

    /// Adds the headers of this kind of request.
    fn add_headers(headers: &mut HeaderMap);
    /// The id of the message that was sent.
    fn sent_id(response: &Self::Response) -> Option<SentMessageId>;
    /// Sends the request once; `fresh`: on a connection of its own.
    fn attempt(
        &self,
        calls: &RetryLoop,
        fresh: bool,
    ) -> impl Future<Output = Tried<Self::Response>> + Send;
}

/// The end of one attempt.
pub(super) struct Tried<T> {
    pub(super) end: Result<T, Error>,
    pub(super) status: Option<u16>,
    pub(super) request_id: Option<RequestId>,
    /// How long the connection was listened to after the answer: it counts to the next wait.
    pub(super) listened: Duration,
}

impl<T> Tried<T> {
    pub(super) fn failed(error: Error) -> Self {
        Self {
            status: error.status(),
            request_id: error.request_id().cloned(),
            end: Err(error),
            listened: Duration::ZERO,
        }
    }
}

/// Runs the requests of one call.
pub(super) struct RetryLoop {
    pub(super) client: Arc<Inner>,
    pub(super) transport: Arc<Transport>,
    pub(super) call: Arc<CallState>,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    pub(super) retries_left: u32,
    pub(super) headers: HeaderMap,
    pub(super) info: CallInfo,
    pub(super) bearer: Option<Bearer>,
}

impl RetryLoop {
    /// Sends `message` until it ends in something else than "provably without effect".
    pub(super) async fn post<M: Message>(&mut self, message: &M) -> Result<M::Response, Error> {
        let end = match Post::new(message) {
            Ok(post) => self.run(&post).await,
            Err(error) => Err(error),
        };
        self.finished(end)
    }

    /// Sends a request that has no effect.
    pub(super) async fn get<R: Request>(&mut self, request: &R) -> Result<R::Response, Error> {
        let end = self.run(request).await;
        self.finished(end)
    }

    /// After a refusal: may another POST of this call begin?
    pub(super) fn may_go_on(&self) -> bool {
        self.call.rearm()
    }

    /// What `body` says of the message that this call is about.
    pub(super) fn echo_of(&self, body: &[u8]) -> Echo {
        let reply_to = self.info.message_id.as_ref().map(InboundMessageId::as_str);
        let correlation_id = self.info.correlation_id.as_ref().map(CorrelationId::as_str);
        Echo::of_body(body, reply_to, correlation_id)
    }

    fn finished<T>(&mut self, end: Result<T, Error>) -> Result<T, Error> {
        self.info.elapsed = self.started.elapsed();
        end.map_err(|error| error.in_call(&self.info))
    }

    async fn run<R: Request>(&mut self, request: &R) -> Result<R::Response, Error> {
        let mut renewed = false;
        let mut retry = 0;
        R::add_headers(&mut self.headers);
        self.authorize().await?;
        loop {
            let (end, listened) = self.attempt(request).await;
            let error = match end {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.status() == Some(401) && error.outcome() == Some(Outcome::Rejected) {
                if !renewed && self.call.rearm() && self.renew_token().await {
                    renewed = true;
                    continue;
                }
                return Err(error);
            }
            if !self.may_retry(&error) {
                return Err(error);
            }
            let asked = error.retry_after().unwrap_or_default();
            let wait = asked
                .max(retry::backoff(
                    retry,
                    random::<4>().map_or(0, u32::from_ne_bytes),
                ))
                .saturating_sub(listened);
            if Instant::now() + wait >= self.deadline || !self.transport.budget.take() {
                return Err(error);
            }
            if !self.call.rearm() {
                // Cancelled while its answer was listened after, or begun and left running.
                return Err(if self.call.is_cancelled() {
                    failure::cancelled()
                } else {
                    error
                });
            }
            self.retries_left -= 1;
            retry += 1;
            self.pause(wait).await?;
        }
    }

    /// `not_sent` alone is ever repeated, and of that not what would only fail again.
    fn may_retry(&self, error: &Error) -> bool {
        self.retries_left > 0
            && error.outcome() == Some(Outcome::NotSent)
            && error.safe_to_retry()
            && !self.call.is_late()
            && !matches!(error.code(), ErrorCode::TlsFailed | ErrorCode::Cancelled)
    }

    async fn pause(&self, wait: Duration) -> Result<(), Error> {
        tokio::select! {
            () = sleep(wait) => Ok(()),
            () = cancelled_or_closed(&self.call, &self.client.shutdown) => Err(failure::cancelled()),
        }
    }

    /// One attempt, reported, and how long its answer was listened after.
    async fn attempt<R: Request>(&mut self, request: &R) -> (Result<R::Response, Error>, Duration) {
        let fresh = self.info.attempts > 0;
        self.info.attempts += 1;
        let started = Instant::now();
        let Tried {
            end,
            status,
            request_id,
            listened,
        } = request.attempt(self, fresh).await;
        let error = end.as_ref().err();
        observer::report(
            self.client.settings.observer.as_ref(),
            &Attempt {
                operation: R::OPERATION,
                number: self.info.attempts,
                message_id: self.info.message_id.clone(),
                correlation_id: self.info.correlation_id.clone(),
                sent_id: end.as_ref().ok().and_then(R::sent_id),
                request_id,
                status,
                outcome: error.and_then(Error::outcome).unwrap_or(Outcome::Sent),
                code: error.map(Error::code),
                elapsed: started.elapsed(),
                detached: self.call.is_detached(),
            },
        );
        (end, listened)
    }

    /// Asks for the token of this call, once.
    async fn authorize(&mut self) -> Result<(), Error> {
        if self.bearer.is_none() {
            let bearer = match &self.client.settings.token {
                TokenSource::Fixed(bearer) => bearer.clone(),
                TokenSource::Provider(provider) => self.provided(Arc::clone(provider)).await?,
            };
            self.use_token(bearer);
        }
        Ok(())
    }

    /// After a 401: returns true when the provider now gives another token.
    async fn renew_token(&mut self) -> bool {
        let TokenSource::Provider(provider) = &self.client.settings.token else {
            return false;
        };
        match self.provided(Arc::clone(provider)).await {
            Ok(bearer) if self.bearer.as_ref() != Some(&bearer) => {
                self.use_token(bearer);
                true
            }
            _ => false,
        }
    }

    async fn provided(&self, provider: Arc<dyn TokenProvider>) -> Result<Bearer, Error> {
        tokio::select! {
            token = timeout_at(self.deadline, Bearer::from_provider(provider)) => {
                token.unwrap_or_else(|_| Err(failure::not_sent(
                    ErrorCode::TimedOut,
                    "the token provider gave no token before the deadline",
                )))
            }
            () = cancelled_or_closed(&self.call, &self.client.shutdown) => Err(failure::cancelled()),
        }
    }

    fn use_token(&mut self, bearer: Bearer) {
        self.headers.insert(AUTHORIZATION, bearer.header());
        self.bearer = Some(bearer);
    }
}
