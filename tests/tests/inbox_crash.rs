//! kill -9 at every step of a message: before the claim, after it, after the gate, during the POST,
//! after it, after the record. Each twenty times, on SQLite and Postgres.
//!
//! Never two POSTs, and every message ends `sent` or is listed as `maybe_sent`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use backchat_inbox::core::{InboundMessageId, SentMessageId, Webhook};
use backchat_inbox::{Inbox, State};
use backchat_tests::fault::{FaultServer, Point as Wire, Step};
use backchat_tests::inbox::event::{NO_HEADERS, delivered, message_id};
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::process::{Process, program};
use backchat_tests::inbox::store::Point;
use backchat_tests::inbox::worker::Config;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const TIMES: usize = 20;
const AT_ONCE: usize = 4;
const LONG: Duration = Duration::from_mins(1);

/// When the process is killed, and what must come of it.
#[derive(Clone, Copy, Debug)]
struct Death {
    at: When,
    posts: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum When {
    At(Point),
    /// The server has the whole POST and does not answer.
    DuringThePost,
}

const DEATHS: [Death; 6] = [
    // Answered when it is delivered again.
    Death::new(When::At(Point::BeforeClaim), 1, State::Sent),
    // The same, after the lease.
    Death::new(When::At(Point::AfterClaim), 1, State::Sent),
    // Nobody but us knows that nothing was sent.
    Death::new(When::At(Point::AfterGate), 0, State::MaybeSent),
    Death::new(When::DuringThePost, 1, State::MaybeSent),
    Death::new(When::At(Point::BeforeRecord), 1, State::MaybeSent),
    Death::new(When::At(Point::AfterRecord), 1, State::Sent),
];

impl Death {
    const fn new(at: When, posts: usize, state: State) -> Self {
        Self { at, posts, state }
    }

    /// One message, one killed worker, and another one that gets the message again.
    async fn die(self, place: &Place) {
        let server = FaultServer::start().await.unwrap();
        let mut config = Config::new(&place.url, &place.scope, server.url());
        match self.at {
            When::At(point) => config.hold_at = Some(point),
            When::DuringThePost => server.set_default(Step::stall(Wire::Request)),
        }
        let mut worker = Process::start(&config);
        match self.at {
            When::At(point) => drop(worker.wait_for(&format!("at {point}"), LONG).await),
            When::DuringThePost => server.wait_for_posts(1, LONG).await.unwrap(),
        }
        worker.kill();
        server.set_default(Step::default());
        let mut next = Process::start(&Config {
            hold_at: None,
            ..config
        });
        next.wait_for("done", LONG).await;
        next.kill();
        self.check(&server, place).await;
    }

    async fn check(self, server: &FaultServer, place: &Place) {
        let ledger = place.ledger().await;
        let id = InboundMessageId::from(message_id(0).as_str());
        let record = ledger.show(&id).await.unwrap().unwrap();
        assert_eq!(server.requests().len(), self.posts, "POSTs, {self:?}");
        assert_eq!(record.state, self.state, "{self:?}");
        let listed = ledger.list(Some(self.state), None).await.unwrap();
        assert_eq!(listed.len(), 1, "{self:?}");
        if self.state == State::MaybeSent && self.posts == 1 {
            self.settle(server, place).await;
        }
    }

    /// The delivery event of the reply repairs what the dead process could not record.
    async fn settle(self, server: &FaultServer, place: &Place) {
        let sent = server.requests()[0].json().unwrap();
        let correlation_id = sent["correlation_id"].as_str().unwrap();
        let client = Config::client(server.url()).unwrap();
        let inbox = Inbox::builder(client, Webhook::unverified())
            .store(&place.url)
            .await
            .unwrap()
            .scope(place.scope.as_str())
            .build()
            .unwrap();
        let receipt = inbox
            .receive(&delivered("tx_late", correlation_id), NO_HEADERS)
            .await;
        assert_eq!(receipt.status, 200, "{receipt:?}");
        let id = InboundMessageId::from(message_id(0).as_str());
        let record = inbox.outcome(&id).await.unwrap().unwrap();
        assert_eq!(record.state, State::Sent, "{self:?}");
        assert_eq!(record.reply_id, Some(SentMessageId::from("tx_late")));
    }
}

async fn every_death(place: fn() -> Option<Place>) {
    if place().is_none() {
        return;
    }
    program();
    for death in DEATHS {
        let started = Instant::now();
        let mut running = JoinSet::new();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        for _ in 0..TIMES {
            let turns = Arc::clone(&turns);
            running.spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                death.die(&place().unwrap()).await;
            });
        }
        running.join_all().await;
        println!(
            "killed {TIMES} times: {:?}, {} POST(s) and {} each, {:.1?}",
            death.at,
            death.posts,
            death.state,
            started.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    every_death(|| Some(Place::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    every_death(Place::postgres).await;
}
