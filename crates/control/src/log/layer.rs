//! From `tracing`'s events to records.
//!
//! Cost of a message that nobody wants: two relaxed loads in the macro, since its callsite is switched off as a whole and
//! every change of a level switches the callsites anew. A limit over all callsites would save one of the loads, but then
//! a module that has said nothing yet could not be known.

use std::error::Error;
use std::fmt::{self, Write as _};

use reactor::clock;
use serde_json::Value;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::modules::module_of;
use super::rate_limit::Dropped;
use super::{Level, Logging};

/// The field that says how often a message may be logged in a minute.
const RATE_FIELD: &str = "per_minute";
/// The field of an error that ends the process.
const FATAL_FIELD: &str = "fatal";

/// A place in the program that logs, as rate limits know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Site {
    callsite: Identifier,
    module: String,
    level: tracing::Level,
}

/// Feeds the events of a [`tracing_subscriber::Registry`] to a [`Logging`].
#[derive(Debug)]
pub struct LoggingLayer {
    logging: Logging,
}

impl LoggingLayer {
    pub(super) fn new(logging: Logging) -> Self {
        Self { logging }
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let fatal = metadata.fields().field(FATAL_FIELD).is_some();
        let level = Level::of(*metadata.level(), fatal);
        self.logging.most_verbose(&module_of(metadata.target())) >= level
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LoggingLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.logging.discover(&module_of(metadata.target()));
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &SpanRecord<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let module = module_of(metadata.target());
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = Level::of(*metadata.level(), fields.fatal);
        if let Some(per_minute) = fields.per_minute
            && self.logging.is_rate_limited(&module)
        {
            let site = Site { callsite: metadata.callsite(), module: module.clone(), level: *metadata.level() };
            match self.logging.take(&site, per_minute, clock::now()) {
                Some(Some(dropped)) => self.logging.write_dropped(&site, &dropped),
                Some(None) => {}
                None => return,
            }
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.values.extend(outer.values.iter().cloned());
            }
        }
        let source = metadata.file().zip(metadata.line());
        self.logging.write(level, &module, &fields.message, &fields.values, source);
    }
}

impl Logging {
    /// Tells what a rate limit has dropped, with the level and module of what was dropped.
    pub(super) fn write_dropped(&self, site: &Site, dropped: &Dropped) {
        self.write(Level::of(site.level, false), &site.module, &dropped.to_string(), &[], None);
    }
}

/// The fields of an event or a span.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    values: Vec<(String, Value)>,
    per_minute: Option<u32>,
    fatal: bool,
}

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        let value = value.into();
        match field.name() {
            "message" => self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            RATE_FIELD => self.per_minute = value.as_u64().map(|rate| u32::try_from(rate).unwrap_or(u32::MAX)),
            FATAL_FIELD => self.fatal = value == Value::Bool(true),
            name => self.values.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let written = write!(text, ": {error}");
            debug_assert!(written.is_ok(), "a string takes everything");
            cause = error.source();
        }
        self.set(field, text);
    }
}
