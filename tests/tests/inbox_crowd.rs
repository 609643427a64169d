//! Many processes that all see every event: two with 10,000 and eight with 5,000, on SQLite and
//! Postgres, with leases of 5 ms, handlers that are slower than that or fail, an API that is slow or
//! refuses, workers stopped in the middle, and clocks that are wrong by up to an hour.
//!
//! One POST each. The same without one of the ledger's safeguards must be seen to fail.
//!
//! By default all events are used: it takes about a minute in a debug build on two cores. (So there
//! is nothing more for `BACKCHAT_FULL=1` to do here.)
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use backchat_tests::inbox::api::{Api, Verdict};
use backchat_tests::inbox::check::Findings;
use backchat_tests::inbox::event;
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::process::{Process, program};
use backchat_tests::inbox::random::Random;
use backchat_tests::inbox::store::Safeguard;
use backchat_tests::inbox::worker::Config;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

const LONG: Duration = Duration::from_mins(10);

/// Ten minutes and an hour, each way.
const CLOCKS: [i64; 5] = [0, 600, -600, 3600, -3600];

/// One crowd after the other: each wants the whole machine.
static MACHINE: Mutex<()> = Mutex::const_new(());

#[derive(Clone, Copy)]
struct Crowd {
    processes: usize,
    messages: u32,
    /// How often a worker is stopped for longer than its lease.
    stops: usize,
    without: Option<Safeguard>,
    shuffled: bool,
    slowest_handler_ms: u64,
    failing_handlers: u8,
    /// How many of a hundred POSTs take so long.
    slow_posts: u64,
    slow_post_ms: u64,
    lease_ms: u64,
}

impl Crowd {
    fn new(processes: usize, messages: u32) -> Self {
        Self {
            processes,
            messages,
            stops: 10,
            without: None,
            shuffled: true,
            slowest_handler_ms: 8,
            failing_handlers: 2,
            slow_posts: 2,
            slow_post_ms: 5,
            lease_ms: 5,
        }
    }

    /// Small, and without a safeguard: all workers want the same message at the same moment, many
    /// handlers fail after their lease, and every POST takes long enough to be overtaken.
    fn without(safeguard: Safeguard) -> Self {
        Self {
            processes: 4,
            messages: 300,
            stops: 0,
            without: Some(safeguard),
            shuffled: false,
            slowest_handler_ms: 300,
            failing_handlers: 40,
            slow_posts: 100,
            slow_post_ms: 500,
            lease_ms: 100,
        }
    }

    async fn run(self, place: &Place) -> Findings {
        program();
        let (slow, slow_ms) = (self.slow_posts, self.slow_post_ms);
        // Every fiftieth message is refused once, and can be tried again.
        let api = Api::start(move |message, before| {
            let number = u64::from(event::number(message).unwrap_or_default());
            let luck = Random::new(number).below(100);
            Verdict {
                status: if number % 50 == 7 && before == 0 {
                    429
                } else {
                    200
                },
                after: Duration::from_millis(if luck < slow { slow_ms + luck % 20 } else { 0 }),
            }
        })
        .await
        .unwrap();
        let started = Instant::now();
        let mut workers: Vec<_> = (0..self.processes)
            .map(|number| Process::start(&self.config(place, &api, number)))
            .collect();
        self.disturb(&api, &workers).await;
        let mut received = 0;
        for worker in &mut workers {
            let count = worker.wait_for("done", LONG).await;
            received += count.parse::<u64>().unwrap();
        }
        let elapsed = started.elapsed();
        drop(workers);
        // When every clock here agrees that every lease is over.
        let later = || Timestamp::now() + SignedDuration::from_hours(3);
        let ledger = place.ledger().await.clock(later);
        let found = Findings::of(&api.posts(), &ledger, self.messages).await;
        println!(
            "crowd of {} on {}: {received} deliveries, {found}, {elapsed:.1?}",
            self.processes,
            place.url.split(':').next().unwrap()
        );
        found
    }

    fn config(self, place: &Place, api: &Api, number: usize) -> Config {
        Config {
            lease_ms: self.lease_ms,
            clock_offset_s: CLOCKS[number % CLOCKS.len()],
            without: self.without,
            slowest_handler_ms: self.slowest_handler_ms,
            failing_handlers: self.failing_handlers,
            messages: self.messages,
            senders: 100,
            at_once: 32,
            shuffled: self.shuffled,
            seed: number as u64,
            ..Config::new(&place.url, &place.scope, &api.url)
        }
    }

    /// Stops a worker in the middle, whatever it is doing, for 20 to 200 leases; again and again
    /// while the messages are answered.
    async fn disturb(self, api: &Api, workers: &[Process]) {
        let mut random = Random::new(5);
        for stop in 1..=self.stops {
            let answered = self.messages as usize * stop / (self.stops + 2);
            api.wait_for(answered, LONG).await;
            let worker = &workers[stop % workers.len()];
            worker.stop();
            tokio::time::sleep(Duration::from_millis(100 + random.below(900))).await;
            worker.resume();
        }
    }
}

async fn one_post_each(place: Option<Place>, crowd: Crowd) {
    let _alone = MACHINE.lock().await;
    if let Some(place) = place {
        let found = crowd.run(&place).await;
        found.must_hold(&format!("{} processes", crowd.processes));
    }
}

/// Whether a duplicate comes up is luck: three crowds, of which one is nearly always enough.
async fn must_be_seen(place: fn() -> Option<Place>, safeguard: Safeguard) {
    let _alone = MACHINE.lock().await;
    for _ in 0..3 {
        let Some(place) = place() else {
            return;
        };
        let found = Crowd::without(safeguard).run(&place).await;
        if !found.twice.is_empty() {
            return;
        }
    }
    panic!("without the {safeguard:?} nothing was sent twice: this suite cannot fail");
}

macro_rules! crowds {
    ($($name:ident: $test:ident($place:expr, $crowd:expr);)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $test($place, $crowd).await;
        })*
    };
}

crowds! {
    two_processes_on_sqlite: one_post_each(Some(Place::sqlite()), Crowd::new(2, 10_000));
    two_processes_on_postgres: one_post_each(Place::postgres(), Crowd::new(2, 10_000));
    eight_processes_on_sqlite: one_post_each(Some(Place::sqlite()), Crowd::new(8, 5_000));
    eight_processes_on_postgres: one_post_each(Place::postgres(), Crowd::new(8, 5_000));
    without_the_gate_on_sqlite: must_be_seen(|| Some(Place::sqlite()), Safeguard::Gate);
    without_the_gate_on_postgres: must_be_seen(Place::postgres, Safeguard::Gate);
    without_the_token_on_sqlite: must_be_seen(|| Some(Place::sqlite()), Safeguard::Token);
    without_the_token_on_postgres: must_be_seen(Place::postgres, Safeguard::Token);
}
