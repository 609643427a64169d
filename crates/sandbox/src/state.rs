//! Everything that the sandbox remembers, in memory.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::account::Account;
use crate::clock::Clock;
use crate::config::Config;
use crate::fault::Faults;
use crate::id::IdMaker;
use crate::inbound::Received;
use crate::message::SentMessage;
use crate::template::Template;
use crate::webhook::book::Book;
use crate::window::Windows;

/// One life of the sandbox, from its start or a reset to the next reset.
#[derive(Debug)]
pub(crate) struct State {
    /// Which life this is. Work begun in an earlier one leaves no trace in it.
    pub(crate) generation: u64,
    pub(crate) clock: Clock,
    pub(crate) ids: IdMaker,
    pub(crate) account: Account,
    pub(crate) templates: BTreeMap<String, Template>,
    pub(crate) webhook_url: Option<String>,
    /// By `im_…`.
    pub(crate) received: HashMap<String, Received>,
    pub(crate) windows: Windows,
    pub(crate) sent: Vec<SentMessage>,
    pub(crate) faults: Faults,
    pub(crate) book: Book,
}

impl State {
    /// As the builder left it.
    pub(crate) fn new(config: &Config, ids: IdMaker, generation: u64) -> Self {
        Self {
            generation,
            clock: Clock::starting_at(config.start_at),
            ids,
            account: config.account.clone(),
            templates: config
                .templates
                .iter()
                .map(|template| (template.id.clone(), template.clone()))
                .collect(),
            webhook_url: config.webhook_url.clone(),
            received: HashMap::new(),
            windows: Windows::default(),
            sent: Vec::new(),
            faults: Faults::default(),
            book: Book::default(),
        }
    }

    /// A new id, and the moment that it names.
    pub(crate) fn stamp(&mut self, prefix: &str) -> (String, Timestamp) {
        let now = self.clock.now();
        (self.ids.make(prefix, now), now)
    }
}
