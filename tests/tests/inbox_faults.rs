//! Every fault of the table of outcomes, met by the inbox, and then the same webhook again: three
//! times at once while the first is under way, after ten seconds, a minute, thirteen days.
//!
//! Never a second POST that could have had an effect, and what was not sent is sent later. The
//! faults are data (`vectors/outcomes.json`); `outcomes.rs` runs them through the client alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backchat_inbox::core::{Client, InboundMessage, InboundMessageId, Reply, Webhook};
use backchat_inbox::{Inbox, Receipt, State, Store};
use backchat_tests::fault::FaultServer;
use backchat_tests::inbox::check::may_have_effect;
use backchat_tests::inbox::event::{NO_HEADERS, inbound, message_id};
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::worker;
use backchat_tests::outcomes::{self, Case, Server};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// When the webhook comes again.
#[derive(Clone, Copy, Debug)]
enum Again {
    /// Three times while the first is under way.
    AtOnce,
    After(SignedDuration),
}

const AGAIN: [Again; 4] = [
    Again::AtOnce,
    Again::After(SignedDuration::from_secs(10)),
    Again::After(SignedDuration::from_secs(60)),
    Again::After(SignedDuration::from_hours(13 * 24)),
];

/// A store, an API that fails, one that does not, and a clock.
struct Stage<'a> {
    case: &'a Case,
    _place: Place,
    store: Arc<dyn Store>,
    called: outcomes::Stage,
    healthy: FaultServer,
    clock: Arc<AtomicI64>,
    runs: Arc<AtomicUsize>,
}

impl<'a> Stage<'a> {
    async fn set(case: &'a Case) -> Self {
        let place = Place::sqlite();
        Self {
            case,
            store: worker::open(&place.url).await.unwrap(),
            _place: place,
            called: case.stage().await.unwrap(),
            healthy: FaultServer::start().await.unwrap(),
            clock: Arc::default(),
            runs: Arc::default(),
        }
    }

    fn inbox(&self, client: Client) -> Inbox {
        let clock = Arc::clone(&self.clock);
        let inbox = Inbox::builder(client, Webhook::unverified())
            .with_store(Arc::clone(&self.store))
            .clock(move || {
                Timestamp::now() + SignedDuration::from_secs(clock.load(Ordering::Acquire))
            })
            .build()
            .unwrap();
        let runs = Arc::clone(&self.runs);
        let answer = move |message: InboundMessage| {
            let run = runs.fetch_add(1, Ordering::AcqRel);
            // As a second run of a language model: never the same text.
            async move { format!("You said, for the {run}th time: {}", message.text) }
        };
        inbox.on_message(answer).unwrap();
        inbox
    }

    /// Every request about the message, with the status it was answered with. One that was cut
    /// before its body counts: its bytes had left.
    fn posts(&self) -> Vec<u16> {
        let scripted = self.case.script.iter().map(|step| step.status);
        let failing = self.called.server.as_ref().map(FaultServer::requests);
        let statuses = scripted.chain(std::iter::repeat(200));
        let mut posts: Vec<u16> = failing
            .unwrap_or_default()
            .iter()
            .zip(statuses)
            .skip(self.case.warm_up)
            .map(|(_, status)| status)
            .collect();
        posts.extend(self.healthy.requests().iter().map(|_| 200));
        posts
    }

    fn effects(&self) -> usize {
        let mut posts = self.posts();
        posts.retain(|status| may_have_effect(*status));
        posts.len()
    }
}

async fn receive(inbox: &Inbox) -> Receipt {
    inbox.receive(&inbound(0, 1), NO_HEADERS).await
}

/// A case, met by the inbox.
struct Fault(Case);

impl Fault {
    async fn run(&self, again: Again) -> Result<(), String> {
        let stage = Stage::set(&self.0).await;
        let client = self.0.client(&stage.called).build().unwrap();
        for number in 1..=self.0.warm_up {
            let id = format!("im_warm{number}");
            let reply = Reply::parse("+33612345678", "warm", &id).unwrap();
            client
                .notify()
                .reply(reply)
                .await
                .map_err(|e| e.to_string())?;
        }
        tokio::time::sleep(Duration::from_millis(self.0.pause_ms)).await;
        let inbox = stage.inbox(client);
        match again {
            Again::AtOnce => self.at_once(&stage, &inbox).await?,
            Again::After(_) => self.first(&receive(&inbox).await)?,
        }
        let first = self.state(&inbox).await;
        let posts = stage.effects();
        // Healthy again: another process, with an API that answers.
        if let Some(server) = &stage.called.server {
            server.script(Vec::new());
        }
        let healthy = Client::builder()
            .base_url(stage.healthy.url())
            .api_token("token")
            .build()
            .unwrap();
        let next = stage.inbox(healthy);
        let waits = match again {
            Again::AtOnce => vec![SignedDuration::from_hours(13 * 24)],
            Again::After(wait) => vec![wait, SignedDuration::from_hours(13 * 24)],
        };
        for wait in waits {
            stage.clock.fetch_add(wait.as_secs(), Ordering::AcqRel);
            let receipt = receive(&next).await;
            let now = self.state(&inbox).await;
            let expected = if first == State::Retrying {
                State::Sent
            } else {
                first
            };
            if now != expected || receipt.status != 200 || receipt.body != expected.as_str() {
                return Err(format!("{wait:?} after {first}: {now}, {receipt:?}"));
            }
        }
        let added = stage.effects() - posts;
        let expected = usize::from(first == State::Retrying);
        if added != expected || stage.effects() > 1 {
            return Err(format!("after {first}, {added} more: {:?}", stage.posts()));
        }
        Ok(())
    }

    /// The answer to Prelude, and the state, that the outcome of the call alone means.
    fn first(&self, receipt: &Receipt) -> Result<(), String> {
        let not_sent = self.0.expect.outcome == "not_sent";
        let status = if not_sent { 503 } else { 200 };
        let wait = receipt
            .headers
            .iter()
            .find(|(name, _)| *name == "Retry-After");
        let asked = self.0.expect.retry_after_ms.filter(|_| not_sent);
        let asked = asked.map(|ms| ms.div_ceil(1000).to_string());
        if (receipt.status, &receipt.body) != (status, &self.0.expect.outcome)
            || wait.map(|(_, value)| value) != asked.as_ref()
        {
            return Err(format!("the first answer: {receipt:?}"));
        }
        Ok(())
    }

    /// Three more while the first is under way: each is told to come again, or the outcome.
    async fn at_once(&self, stage: &Stage<'_>, inbox: &Inbox) -> Result<(), String> {
        let mut deliveries = JoinSet::new();
        for _ in 0..4 {
            let inbox = inbox.clone();
            deliveries.spawn(async move { receive(&inbox).await });
        }
        let receipts = deliveries.join_all().await;
        let ended = self.state(inbox).await;
        for receipt in &receipts {
            let known = match receipt.status {
                200 => receipt.body == ended.as_str(),
                503 => ["claimed", "sending", "not_sent", "retrying"].contains(&&*receipt.body),
                _ => false,
            };
            let told_when = receipt
                .headers
                .iter()
                .any(|(name, _)| *name == "Retry-After");
            let running = ["claimed", "sending"].contains(&&*receipt.body);
            if !known || (running && !told_when) {
                return Err(format!("at once, {ended}: {receipt:?}"));
            }
        }
        let finished = receipts.iter().any(|receipt| receipt.status == 200);
        if ended.is_finished() != finished {
            return Err(format!("at once, {ended}: {receipts:?}"));
        }
        if stage.effects() > 1 {
            return Err(format!("at once: {:?}", stage.posts()));
        }
        Ok(())
    }

    async fn state(&self, inbox: &Inbox) -> State {
        let id = InboundMessageId::from(message_id(0).as_str());
        inbox.outcome(&id).await.unwrap().unwrap().state
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_a_second_post() {
    let started = Instant::now();
    let cases: Vec<_> = outcomes::cases()
        .unwrap()
        .into_iter()
        // It would ask the name servers of whoever runs the tests, many times.
        .filter(|case| case.server != Server::UnknownHost)
        .map(|case| Arc::new(Fault(case)))
        .collect();
    assert!(!cases.is_empty());
    let at_once = Arc::new(Semaphore::new(16));
    let mut running = JoinSet::new();
    for case in &cases {
        for again in AGAIN {
            let (case, at_once) = (Arc::clone(case), Arc::clone(&at_once));
            running.spawn(async move {
                let _permit = at_once.acquire_owned().await.unwrap();
                let end = case.run(again).await;
                end.map_err(|why| format!("{}, {again:?}: {why}", case.0.name))
            });
        }
    }
    let ends = running.join_all().await;
    let tried = ends.len();
    let failures: Vec<_> = ends.into_iter().filter_map(Result::err).collect();
    assert!(
        failures.is_empty(),
        "{} of {tried}: {failures:#?}",
        failures.len()
    );
    println!(
        "{} faults, each with {} ways of coming again: {tried}, {:.1?}",
        cases.len(),
        AGAIN.len(),
        started.elapsed()
    );
}
