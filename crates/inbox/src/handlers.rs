//! The application's functions, and how they are run: a panic is a failure like any other.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use backchat_core::{DeliveryEvent, Event, InboundMessage, OptOutEvent};

use crate::answer::{Answer, HandlerError, IntoAnswer, IntoHandled};
use crate::caller;
use crate::failure::Failure;

type Running<T> = Pin<Box<dyn Future<Output = Result<T, HandlerError>> + Send>>;

/// One function of the application, which may be set while the inbox runs.
pub(crate) struct Handler<E, T>(ArcSwapOption<Function<E, T>>);

struct Function<E, T>(Box<dyn Fn(E) -> Running<T> + Send + Sync>);

impl<E, T> Default for Handler<E, T> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

impl<E: Send + 'static, T: Send + 'static> Handler<E, T> {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load().is_some()
    }

    fn set(&self, function: impl Fn(E) -> Running<T> + Send + Sync + 'static) {
        self.0.store(Some(Arc::new(Function(Box::new(function)))));
    }

    /// Runs the function as a task of its own; `None` when there is none.
    pub(crate) async fn run(&self, event: E) -> Option<Result<T, HandlerError>> {
        let function = self.0.load_full()?;
        let task = tokio::spawn(caller::inherit(async move { (function.0)(event).await }));
        Some(
            task.await
                .unwrap_or_else(|error| Err(Box::new(error) as HandlerError)),
        )
    }
}

/// All functions of the application.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) message: Handler<InboundMessage, Answer>,
    pub(crate) delivery: Handler<DeliveryEvent, ()>,
    pub(crate) opt_out: Handler<OptOutEvent, ()>,
    pub(crate) other: Handler<Event, ()>,
    error: ArcSwapOption<OnError>,
}

struct OnError(Box<dyn Fn(&Failure) + Send + Sync>);

impl Handlers {
    pub(crate) fn set_message<F, Fut>(&self, handler: F)
    where
        F: Fn(InboundMessage) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoAnswer,
    {
        self.message.set(move |message| {
            let running = handler(message);
            Box::pin(async move { running.await.into_answer() })
        });
    }

    pub(crate) fn set<E, F, Fut>(place: &Handler<E, ()>, handler: F)
    where
        E: Send + 'static,
        F: Fn(E) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        place.set(move |event| {
            let running = handler(event);
            Box::pin(async move { running.await.into_handled() })
        });
    }

    pub(crate) fn set_error(&self, hook: impl Fn(&Failure) + Send + Sync + 'static) {
        self.error.store(Some(Arc::new(OnError(Box::new(hook)))));
    }

    /// Tells the application and the log.
    pub(crate) fn report(&self, failure: &Failure) {
        tracing::warn!(
            target: "backchat",
            stage = failure.stage.as_str(),
            event_id = failure.event_id.as_ref().map(backchat_core::EventId::as_str),
            message_id = failure.message_id.as_ref().map(backchat_core::InboundMessageId::as_str),
            error = %failure.error,
            "inbox"
        );
        if let Some(hook) = self.error.load_full() {
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (hook.0)(failure)));
            if told.is_err() {
                tracing::error!(target: "backchat", "the error hook panicked; the inbox goes on");
            }
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("message", &self.message.is_set())
            .field("delivery", &self.delivery.is_set())
            .field("opt_out", &self.opt_out.is_set())
            .field("other", &self.other.is_set())
            .finish_non_exhaustive()
    }
}
