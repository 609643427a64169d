//! The application's functions. A panic is a failure like any other, and so is a run without an end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use backchat_core::{DeliveryEvent, Error, Event, InboundMessage, OptOutEvent};

use crate::answer::{Answer, HandlerError, IntoAnswer, IntoHandled};
use crate::caller;
use crate::context::HandlerContext;
use crate::failure::Failure;

/// How long a run that was aborted may take to let go: one that blocks its thread does not.
const LETTING_GO: Duration = Duration::from_millis(100);

type Running<T> = Pin<Box<dyn Future<Output = Result<T, HandlerError>> + Send>>;

/// One function of the application, which is set once, also while the inbox runs.
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

    fn set(
        &self,
        name: &'static str,
        function: impl Fn(E) -> Running<T> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        set_once(&self.0, name, Function(Box::new(function)))
    }

    /// Runs the function as a task of its own; `None` when there is none. A run that goes beyond its
    /// deadline, or that is cancelled, has failed: its task is aborted, as far as it can be.
    pub(crate) async fn run(
        &self,
        event: E,
        context: &HandlerContext,
    ) -> Option<Result<T, HandlerError>> {
        let function = self.0.load_full()?;
        let run = context
            .clone()
            .scope(async move { (function.0)(event).await });
        let mut task = tokio::spawn(caller::inherit(run));
        let unwanted = tokio::select! {
            biased;
            ended = &mut task => {
                return Some(ended.unwrap_or_else(|error| Err(Box::new(error) as HandlerError)));
            }
            () = tokio::time::sleep_until(context.end()) => Unwanted::TooSlow,
            () = context.cancelled() => Unwanted::Shutdown,
        };
        context.cancel();
        task.abort();
        // What it held is free, and whoever runs it knows, before anybody hears of the failure.
        let _blocks = tokio::time::timeout(LETTING_GO, task).await;
        Some(Err(Box::new(unwanted)))
    }
}

/// Raises `configuration` when there is a function already: two would each believe to be asked.
fn set_once<T>(place: &ArcSwapOption<T>, name: &'static str, function: T) -> Result<(), Error> {
    let set = place.compare_and_swap(&None::<Arc<T>>, Some(Arc::new(function)));
    if set.is_some() {
        return Err(Error::configuration(
            name,
            "is set already: an inbox has one function of each kind",
        ));
    }
    Ok(())
}

/// The inbox did not wait for the end of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unwanted {
    #[error("the handler took longer than `handler_timeout`")]
    TooSlow,
    #[error("an earlier run of the handler for this event has not ended yet")]
    StillRunning,
    #[error("the inbox shut down while the handler ran")]
    Shutdown,
    #[error("the process ended during each earlier attempt")]
    Died,
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
    pub(crate) fn set_message<F, Fut>(&self, handler: F) -> Result<(), Error>
    where
        F: Fn(InboundMessage) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoAnswer,
    {
        self.message.set("on_message", move |message| {
            let running = handler(message);
            Box::pin(async move { running.await.into_answer() })
        })
    }

    pub(crate) fn set<E, F, Fut>(
        place: &Handler<E, ()>,
        name: &'static str,
        handler: F,
    ) -> Result<(), Error>
    where
        E: Send + 'static,
        F: Fn(E) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoHandled,
    {
        place.set(name, move |event| {
            let running = handler(event);
            Box::pin(async move { running.await.into_handled() })
        })
    }

    pub(crate) fn set_error(
        &self,
        hook: impl Fn(&Failure) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        set_once(&self.error, "on_error", OnError(Box::new(hook)))
    }

    /// Tells the application and the log.
    pub(crate) fn report(&self, failure: &Failure) {
        failure.log();
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
