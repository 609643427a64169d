//! `backchat.testing`: Prelude on this machine, in this process, on threads of its own.

mod values;

use std::future::Future;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backchat_sandbox::{
    Channel, Controls, Fault, Inbound, InboundFile, OptOut, OptOutAction, Sandbox as Builder,
    SandboxError, SandboxHandle, Template as SandboxTemplate,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDateTime;
use tokio::runtime::Runtime;

use crate::body::Body;
use crate::own::Own;
use crate::time::{self, Moment, Seconds};
use crate::{json, wait};

pub(crate) use values::{SentMessage, SignedEvent};

/// The bytes of a file, its content type and its name.
type File = (Body, String, Option<String>);

/// The native part of `backchat.testing.Sandbox`.
#[pyclass(frozen, subclass, name = "_Sandbox", module = "backchat._native")]
pub(crate) struct Sandbox {
    running: Own<Mutex<Option<Running>>>,
    controls: Controls,
    #[pyo3(get)]
    url: String,
    #[pyo3(get)]
    token: String,
    #[pyo3(get)]
    public_key: String,
}

struct Running {
    handle: SandboxHandle,
    runtime: Runtime,
}

#[pymethods]
impl Sandbox {
    #[new]
    #[pyo3(signature = (*, webhook_url, token, business_number, start_at))]
    fn new(
        py: Python<'_>,
        webhook_url: Option<String>,
        token: Option<String>,
        business_number: Option<String>,
        start_at: Option<Moment>,
    ) -> PyResult<Self> {
        let mut builder = Builder::builder();
        if let Some(url) = webhook_url {
            builder = builder.webhook_url(url);
        }
        if let Some(token) = token {
            builder = builder.token(token);
        }
        if let Some(number) = business_number {
            builder = builder.business_number(number);
        }
        if let Some(Moment(moment)) = start_at {
            builder = builder.start_at(moment);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("backchat-sandbox")
            .enable_all()
            .build()?;
        let handle = wait_on(py, &runtime, builder.start())?.map_err(refused)?;
        Ok(Self {
            controls: handle.controls(),
            url: handle.url().to_owned(),
            token: handle.token().to_owned(),
            public_key: handle.public_key_pem().to_owned(),
            running: Own::new(Mutex::new(Some(Running { handle, runtime }))),
        })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // In a child process it is the parent's, and goes on there.
        let Some(running) = self.running.get() else {
            return Ok(());
        };
        let running = running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Running { handle, runtime }) = running {
            wait_on(py, &runtime, handle.stop())?;
            py.detach(|| runtime.shutdown_timeout(Duration::from_secs(1)));
        }
        Ok(())
    }

    fn inbound(
        &self,
        py: Python<'_>,
        from_: String,
        text: Option<String>,
        file: Option<File>,
        to: Option<String>,
        channel: &str,
        wait: bool,
    ) -> PyResult<SignedEvent> {
        let mut message = Inbound::new(from_, text.unwrap_or_default());
        message.file = file.map(|(data, content_type, filename)| {
            let mut file = InboundFile::new(content_type, data.as_bytes().to_vec());
            file.filename = filename;
            file
        });
        if let Some(to) = to {
            message = message.to(to);
        }
        message = message.channel(match channel {
            "whatsapp" => Channel::Whatsapp,
            "rcs" => Channel::Rcs,
            _ => return Err(PyValueError::new_err("`channel` must be whatsapp or rcs")),
        });
        message.wait = wait;
        let controls = self.controls.clone();
        let event = self.wait(py, async move { controls.inbound(message).await })?;
        event.map(SignedEvent).map_err(refused)
    }

    fn opt_out(
        &self,
        py: Python<'_>,
        from_: String,
        action: &str,
        wait: bool,
    ) -> PyResult<SignedEvent> {
        let action = match action {
            "STOP" => OptOutAction::Stop,
            "START" => OptOutAction::Start,
            "HELP" => OptOutAction::Help,
            _ => {
                return Err(PyValueError::new_err(
                    "`action` must be STOP, START or HELP",
                ));
            }
        };
        let mut opt_out = OptOut::new(from_, action);
        opt_out.wait = wait;
        let controls = self.controls.clone();
        let event = self.wait(py, async move { controls.opt_out(opt_out).await })?;
        event.map(SignedEvent).map_err(refused)
    }

    fn redeliver<'py>(&self, py: Python<'py>, event_id: String) -> PyResult<Bound<'py, PyAny>> {
        let controls = self.controls.clone();
        let delivery = self.wait(py, async move { controls.redeliver(&event_id).await })?;
        json::object(py, &delivery.map_err(refused)?)
    }

    fn messages(&self) -> Vec<SentMessage> {
        self.controls
            .messages()
            .into_iter()
            .map(SentMessage)
            .collect()
    }

    fn deliveries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::object(py, &self.controls.deliveries())
    }

    fn now<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        time::datetime(py, self.controls.now())
    }

    fn advance<'py>(
        &self,
        py: Python<'py>,
        by: Seconds,
    ) -> PyResult<Option<Bound<'py, PyDateTime>>> {
        let controls = self.controls.clone();
        let now = self.wait(py, async move { controls.advance(by.0).await })?;
        time::datetime(py, now.map_err(refused)?)
    }

    fn fail_next(&self, fault: &Bound<'_, PyAny>) -> PyResult<()> {
        let fault = Fault::from_json(value(fault)?).map_err(refused)?;
        self.controls.fail_next(fault).map_err(refused)
    }

    fn clear_faults(&self) {
        self.controls.clear_faults();
    }

    fn account<'py>(&self, changes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let account = self
            .controls
            .merge_account(value(changes)?)
            .map_err(refused)?;
        json::object(changes.py(), &account)
    }

    fn add_template(&self, template: &Bound<'_, PyAny>) -> PyResult<()> {
        let template: SandboxTemplate = json::read(&json::dumps(template)?)?;
        self.controls.add_template(template).map_err(refused)
    }

    #[getter]
    fn webhook_url(&self) -> Option<String> {
        self.controls.webhook_url()
    }

    fn set_webhook_url(&self, url: Option<&str>) -> PyResult<()> {
        self.controls.set_webhook_url(url).map_err(refused)
    }

    fn reset(&self) {
        self.controls.reset();
    }
}

impl Sandbox {
    fn wait<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> PyResult<T> {
        let receiver = {
            let parents = || PyRuntimeError::new_err("the sandbox belongs to the parent process");
            let running = self.running.get().ok_or_else(parents)?;
            let running = running.lock().unwrap_or_else(PoisonError::into_inner);
            let running = running
                .as_ref()
                .ok_or_else(|| PyRuntimeError::new_err("the sandbox is closed"))?;
            spawn(&running.runtime, work)
        };
        wait::next(py, &Mutex::new(receiver))
    }
}

fn wait_on<T: Send + 'static>(
    py: Python<'_>,
    runtime: &Runtime,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    wait::next(py, &Mutex::new(spawn(runtime, work)))
}

fn spawn<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = T> + Send + 'static,
) -> std::sync::mpsc::Receiver<T> {
    let (sender, receiver) = channel();
    runtime.spawn(async move {
        let _nobody_waits = sender.send(work.await);
    });
    receiver
}

fn value(object: &Bound<'_, PyAny>) -> PyResult<serde_json::Value> {
    json::read(&json::dumps(object)?)
}

/// The sandbox's own sentence.
fn refused(error: SandboxError) -> PyErr {
    match error {
        SandboxError::Refused(_) | SandboxError::NotFound(_) => {
            PyValueError::new_err(error.to_string())
        }
        other => PyRuntimeError::new_err(other.to_string()),
    }
}
