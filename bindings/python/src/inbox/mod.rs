//! The inbox: webhooks in, at most one reply each out. Blocking and asyncio share every body, and part
//! in [`Inbox::run`] and in how the steps of a request are taken.

mod answer;
mod context;
mod failure;
mod health;
mod job;
mod queue;
mod receipt;
mod record;
mod report;
mod steps;
mod wrong_answer;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use backchat_core::{Error, Event as CoreEvent, InboundMessageId};
use backchat_inbox::{Inbox as CoreInbox, State, caller};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::body::{Body, Headers};
use crate::client::Client;
use crate::error::{raise, raised};
use crate::event::Event;
use crate::mailbox::Mailbox;
use crate::options::{Count, Given};
use crate::time::{Moment, Seconds};
use crate::token::LoopSetter;
use crate::webhook::Webhook;
use crate::{function, future, log, wait};

pub(crate) use answer::Answer;
pub(crate) use context::HandlerContext;
pub(crate) use failure::Failure;
pub(crate) use health::Health;
use job::Handler;
pub(crate) use job::Job;
pub(crate) use queue::QueueOptions;
pub(crate) use receipt::Receipt;
pub(crate) use record::Record;
use report::Hook;
pub(crate) use report::Report;
pub(crate) use steps::{AsyncSteps, Steps};
use steps::{Caller, LoopSteps, Step, ThreadSteps};

/// The native part of `Inbox` and `AsyncInbox`.
#[pyclass(frozen, subclass, name = "_Inbox", module = "backchat._native")]
pub(crate) struct Inbox {
    inner: CoreInbox,
    asyncio: bool,
    token_loop: Option<LoopSetter>,
    on_error: Hook,
}

#[pymethods]
impl Inbox {
    #[new]
    #[pyo3(signature = (client, webhook, *, store, scope, slot, lease, handler_timeout, retention, max_event_age, max_attempts, queue))]
    fn new(
        py: Python<'_>,
        client: &Bound<'_, Client>,
        webhook: &Bound<'_, Webhook>,
        store: Option<Given<String>>,
        scope: Option<Given<String>>,
        slot: Option<Given<String>>,
        lease: Option<Given<Seconds>>,
        handler_timeout: Option<Given<Seconds>>,
        retention: Option<Given<Seconds>>,
        max_event_age: Option<Given<Seconds>>,
        max_attempts: Option<Given<Count>>,
        queue: Option<Given<Bound<'_, QueueOptions>>>,
    ) -> PyResult<Self> {
        log::install(py)?;
        let mut builder = CoreInbox::builder(client.get().inner.clone(), webhook.get().0.clone());
        if let Some(scope) = scope {
            builder = builder.scope(scope.named(py, "scope", "a str")?);
        }
        if let Some(slot) = slot {
            builder = builder.slot(slot.named(py, "slot", "a str")?);
        }
        if let Some(lease) = lease {
            builder = builder.lease(lease.time(py, "lease")?);
        }
        if let Some(timeout) = handler_timeout {
            builder = builder.handler_timeout(timeout.time(py, "handler_timeout")?);
        }
        if let Some(retention) = retention {
            builder = builder.retention(retention.time(py, "retention")?);
        }
        let age = max_event_age.map(|age| age.time(py, "max_event_age"));
        builder = builder.max_event_age(age.transpose()?);
        if let Some(attempts) = max_attempts {
            builder = builder.max_attempts(attempts.count(py, "max_attempts")?);
        }
        if let Some(queue) = queue {
            let queue = queue.named(py, "queue", "QueueOptions")?;
            builder = builder.queue(queue.get().0.clone());
        }
        let store = store.map(|store| store.named(py, "store", "a str"));
        let built = match store.transpose()? {
            None => builder.build().map_err(raised(py))?,
            Some(store) => wait::work(py, async move { builder.store(&store).await?.build() })?,
        };
        let on_error = Hook::default();
        let hook = on_error.clone();
        let told = built.on_error(move |failure| {
            log::push(failure::line(failure));
            if let Some(report) = hook.report(failure)
                && let Some(caller) = caller::current::<Caller>()
            {
                caller.tell(Step::Report(report));
            }
        });
        told.map_err(raised(py))?;
        Ok(Self {
            inner: built,
            asyncio: false,
            token_loop: client.get().token_loop.clone(),
            on_error,
        })
    }

    /// The same inbox for `AsyncInbox`: its calls give what is to be awaited.
    fn _asyncio(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            asyncio: true,
            token_loop: self.token_loop.clone(),
            on_error: self.on_error.clone(),
        }
    }

    fn on_message(&self, handler: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handler.py();
        let handler = self.handler(handler, "on_message", true)?;
        let set = self.inner.on_message(move |message| {
            handler
                .clone()
                .run(backchat_core::Event::InboundMessage(message))
        });
        set.map_err(raised(py))
    }

    fn on_delivery(&self, handler: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handler.py();
        let handler = self.handler(handler, "on_delivery", false)?;
        let set = self.inner.on_delivery(move |event| {
            let run = handler.clone().run(backchat_core::Event::Delivery(event));
            async move { run.await.map(drop) }
        });
        set.map_err(raised(py))
    }

    fn on_opt_out(&self, handler: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handler.py();
        let handler = self.handler(handler, "on_opt_out", false)?;
        let set = self.inner.on_opt_out(move |event| {
            let run = handler.clone().run(backchat_core::Event::OptOut(event));
            async move { run.await.map(drop) }
        });
        set.map_err(raised(py))
    }

    fn on_other(&self, handler: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handler.py();
        let handler = self.handler(handler, "on_other", false)?;
        let set = self.inner.on_other(move |event| {
            let run = handler.clone().run(event);
            async move { run.await.map(drop) }
        });
        set.map_err(raised(py))
    }

    fn on_error(&self, hook: Bound<'_, PyAny>) -> PyResult<()> {
        callable(&hook, "on_error")?;
        self.on_error.set(hook, self.asyncio)
    }

    /// One request: in a thread its `Receipt`, in a loop its steps.
    fn receive<'py>(
        &self,
        py: Python<'py>,
        body: Body,
        headers: Headers,
    ) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let body = body.as_bytes().to_vec();
        self.request(py, move || async move {
            Step::Received(inbox.receive(&body, headers.0).await)
        })
    }

    /// The same for an event.
    fn handle<'py>(
        &self,
        py: Python<'py>,
        event: &Bound<'py, Event>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let event = event.get().0.clone();
        self.request(py, move || async move {
            Step::Received(inbox.handle(event).await)
        })
    }

    /// The steps of what must run beside the requests.
    fn _run<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let run = move || async move {
            inbox.run().await;
            Step::Ran
        };
        if self.asyncio {
            self.set_loop(py)?;
            let steps = AsyncSteps(LoopSteps::start(py, run)?);
            return Ok(Bound::new(py, steps)?.into_any());
        }
        let steps = Steps(ThreadSteps::start(py, run)?);
        Ok(Bound::new(py, steps)?.into_any())
    }

    #[pyo3(signature = (limit=None))]
    fn shutdown<'py>(
        &self,
        py: Python<'py>,
        limit: Option<Given<Seconds>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let limit = limit.map(|limit| limit.time(py, "limit")).transpose()?;
        let inbox = self.inner.clone();
        let shutdown = async move { Ok(inbox.shutdown_within(limit).await) };
        self.work(py, shutdown, |py, ended| {
            Ok(PyBool::new(py, ended).to_owned().into_any())
        })
    }

    fn outcome<'py>(&self, py: Python<'py>, message_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let (inbox, id) = (self.inner.clone(), InboundMessageId::from(message_id));
        let outcome = async move { inbox.outcome(&id).await };
        self.work(py, outcome, |py, record| match record {
            Some(record) => Ok(Bound::new(py, Record(record))?.into_any()),
            None => Ok(py.None().into_bound(py)),
        })
    }

    #[pyo3(signature = (state=None, since=None))]
    fn list<'py>(
        &self,
        py: Python<'py>,
        state: Option<&str>,
        since: Option<Moment>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let state = state
            .map(str::parse::<State>)
            .transpose()
            .map_err(|e| raise(py, &Error::configuration("state", e.to_string())))?;
        let inbox = self.inner.clone();
        let list = async move { inbox.list(state, since.map(|since| since.0)).await };
        self.work(py, list, |py, records| {
            let records: Vec<_> = records.into_iter().map(Record).collect();
            Ok(records.into_pyobject(py)?.into_any())
        })
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        self.work(py, async move { inbox.counts().await }, |py, counts| {
            let counts: BTreeMap<&str, u64> = counts
                .into_iter()
                .map(|(state, count)| (state.as_str(), count))
                .collect();
            Ok(counts.into_pyobject(py)?.into_any())
        })
    }

    fn oldest_maybe_sent_age<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let age = async move { inbox.oldest_maybe_sent_age().await };
        self.work(py, age, |py, age| Ok(age.into_pyobject(py)?.into_any()))
    }

    fn health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        self.work(py, async move { inbox.health().await }, |py, health| {
            Ok(Bound::new(py, Health(health))?.into_any())
        })
    }

    /// A request, for it may run the handler.
    #[pyo3(signature = (message_id, event=None))]
    fn rearm<'py>(
        &self,
        py: Python<'py>,
        message_id: &str,
        event: Option<&Bound<'py, Event>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (inbox, id) = (self.inner.clone(), InboundMessageId::from(message_id));
        let message = match event.map(|event| event.get().0.clone()) {
            None => None,
            Some(CoreEvent::InboundMessage(message)) if message.message_id == id => Some(message),
            Some(_) => {
                let why = "must be the InboundMessage with this `message_id`";
                return Err(raise(py, &Error::configuration("event", why)));
            }
        };
        self.request(py, move || async move {
            Step::Rearmed(match message {
                Some(message) => inbox.rearm_with(&message).await,
                None => inbox.rearm(&id).await,
            })
        })
    }

    fn forget<'py>(&self, py: Python<'py>, phone: String) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let forget = async move { inbox.forget(&phone).await };
        self.work(py, forget, |py, rows| {
            Ok(rows.into_pyobject(py)?.into_any())
        })
    }

    fn prune<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inbox = self.inner.clone();
        let prune = async move { inbox.prune().await };
        self.work(py, prune, |py, rows| Ok(rows.into_pyobject(py)?.into_any()))
    }
}

impl Inbox {
    fn handler(
        &self,
        function: Bound<'_, PyAny>,
        role: &'static str,
        answers: bool,
    ) -> PyResult<Handler> {
        callable(&function, role)?;
        function::accept(&function, role, self.asyncio)?;
        let takes_context = function::takes_context(&function)?;
        Ok(Handler {
            function: Arc::new(function.unbind()),
            role,
            answers,
            asyncio: self.asyncio,
            takes_context,
        })
    }

    /// An async `api_token`, and an async `on_error` whose request has gone, run in the loop that asks.
    fn set_loop(&self, py: Python<'_>) -> PyResult<()> {
        let (running, _) = Mailbox::current(py)?;
        self.on_error.set_loop(running);
        self.token_loop
            .as_ref()
            .map_or(Ok(()), |setter| setter.set(py))
    }

    fn request<'py, W, F>(&self, py: Python<'py>, work: W) -> PyResult<Bound<'py, PyAny>>
    where
        W: FnOnce() -> F,
        F: Future<Output = Step> + Send + 'static,
    {
        if self.asyncio {
            self.set_loop(py)?;
            let steps = AsyncSteps(LoopSteps::start(py, work)?);
            return Ok(Bound::new(py, steps)?.into_any());
        }
        ThreadSteps::start(py, work)?.finish(py)?.into_python(py)
    }

    fn work<'py, T: Send + 'static>(
        &self,
        py: Python<'py>,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
        to_python: impl FnOnce(Python<'_>, T) -> PyResult<Bound<'_, PyAny>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.asyncio {
            return future::work(py, work, to_python);
        }
        let value = wait::work(py, work)?;
        to_python(py, value)
    }
}

fn callable(function: &Bound<'_, PyAny>, role: &str) -> PyResult<()> {
    if function.is_callable() {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!("`{role}` takes a function")))
}
