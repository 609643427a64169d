//! Queue mode: every event that got its 200 is answered once, or listed, although the process is
//! killed ten times in the middle; and the messages of one sender are answered in their order.
//!
//! 2,000 events; `BACKCHAT_FULL=1` takes 10,000.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use backchat_inbox::{Ledger, State};
use backchat_tests::inbox::api::{Api, Verdict};
use backchat_tests::inbox::check::{Findings, out_of_order};
use backchat_tests::inbox::event;
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::process::{Process, program};
use backchat_tests::inbox::random::Random;
use backchat_tests::inbox::worker::Config;
use tokio::sync::Mutex;

const KILLS: usize = 10;
const SENDERS: u32 = 100;
const LONG: Duration = Duration::from_mins(3);

static MACHINE: Mutex<()> = Mutex::const_new(());

fn messages() -> u32 {
    match std::env::var("BACKCHAT_FULL") {
        Ok(full) if full == "1" => 10_000,
        _ => 2_000,
    }
}

/// What was accepted, as far as its 200 was seen.
#[derive(Default)]
struct Accepted(Vec<u32>);

impl Accepted {
    fn hear(&mut self, worker: &mut Process) {
        while let Some(line) = worker.said() {
            let number = line.strip_prefix("accepted ");
            if let Some(number) = number.and_then(|n| n.parse::<u32>().ok()) {
                self.0[(number % SENDERS) as usize] = number / SENDERS + 1;
            }
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().sum()
    }
}

async fn killed_ten_times(place: Option<Place>) {
    let _alone = MACHINE.lock().await;
    let Some(place) = place else {
        return;
    };
    program();
    let messages = messages();
    let api = api().await;
    let mut random = Random::new(42);
    let mut accepted = Accepted(vec![0; SENDERS as usize]);
    let mut config = Config {
        lease_ms: 1000,
        messages,
        senders: SENDERS,
        // About as fast as they are answered, so that most kills meet both.
        at_once: 2,
        pause_ms: 4,
        slowest_handler_ms: 4,
        failing_handlers: 2,
        ..Config::new(&place.url, &place.scope, &api.url)
    };
    let started = Instant::now();
    let ledger = place.ledger().await;
    let mut accepted_at_kill = Vec::new();
    for kill in 1..=KILLS {
        config.queue = Some(accepted.0.clone());
        config.seed += 1;
        let mut worker = Process::start(&config);
        // Somewhere in the next tenth of the work, then somewhere in the next moments.
        let more = messages as usize * kill / (KILLS + 1);
        assert!(
            api.wait_for(more, LONG).await,
            "nothing goes on: {}",
            open(&ledger).await
        );
        tokio::time::sleep(Duration::from_micros(random.below(30_000))).await;
        worker.kill();
        // What it said before it died is still on its way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        accepted.hear(&mut worker);
        accepted_at_kill.push(accepted.count());
    }
    config.queue = Some(accepted.0.clone());
    let mut worker = Process::start(&config);
    worker.wait_for("fed", LONG).await;
    until_nothing_is_open(&ledger).await;
    worker.kill();
    let posts = api.posts();
    let found = Findings::of(&posts, &ledger, messages).await;
    println!(
        "queue on {}: {found}, accepted at each kill: {accepted_at_kill:?}, {:.1?}",
        place.url.split(':').next().unwrap(),
        started.elapsed()
    );
    found.must_hold("queue");
    let wrong = out_of_order(&posts);
    assert!(wrong.is_empty(), "out of order: {wrong:#?}");
    // A kill costs at most what was being sent at that moment.
    let maybe_sent = found.states.get(&State::MaybeSent).copied().unwrap_or(0);
    assert!(maybe_sent <= KILLS * 8, "{maybe_sent} maybe_sent");
}

/// Answers slowly enough to be killed in the middle, and refuses every fiftieth message once.
async fn api() -> Api {
    Api::start(|message, before| {
        let number = event::number(message).unwrap_or_default();
        Verdict {
            status: if number % 50 == 7 && before == 0 {
                429
            } else {
                200
            },
            after: Duration::from_millis(u64::from(number % 5)),
        }
    })
    .await
    .unwrap()
}

async fn until_nothing_is_open(ledger: &Ledger) {
    let started = Instant::now();
    while open(ledger).await > 0 {
        let open = ledger.counts().await.unwrap();
        assert!(started.elapsed() < LONG, "still open: {open:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn open(ledger: &Ledger) -> u64 {
    let counts = ledger.counts().await.unwrap();
    [
        State::Queued,
        State::Claimed,
        State::Retrying,
        State::Sending,
    ]
    .iter()
    .filter_map(|state| counts.get(state))
    .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    killed_ten_times(Some(Place::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    killed_ten_times(Place::postgres()).await;
}
