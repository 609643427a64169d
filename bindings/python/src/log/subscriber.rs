//! The lines of `tracing`, which the core and the inbox write.

use std::fmt::Debug;
use std::sync::atomic::Ordering;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::line::{Line, Value};
use super::{DEBUG, LOGGER, push};

pub(super) struct Queue;

impl Queue {
    /// The inbox's failures are not taken here: they come with their exception, by `on_error`.
    fn takes(metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target() == LOGGER
            && metadata.fields().field("stage").is_none()
    }
}

impl Subscriber for Queue {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::takes(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Self::takes(metadata) && (*metadata.level() <= Level::WARN || DEBUG.load(Ordering::Relaxed))
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line::new(*metadata.level(), metadata.name());
        for field in metadata.fields() {
            if field.name() != MESSAGE {
                line = line.field(field.name(), None);
            }
        }
        event.record(&mut Fields(&mut line));
        push(line);
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

const MESSAGE: &str = "message";

struct Fields<'a>(&'a mut Line);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            MESSAGE => self.0.set_message(text),
            name => self.0.set(name, Value::Text(text)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            MESSAGE => self.0.set_message(value.to_owned()),
            name => self.0.set(name, Value::text(value)),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.set(field.name(), Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.set(field.name(), Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.set(field.name(), Value::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.set(field.name(), Value::Flag(value));
    }
}
