//! A process with an inbox, to be stopped and killed: `examples/inbox_worker.rs`.
//!
//! It reads what to do from [`CONFIG`], says on its standard output what it has done, line by line,
//! and ends with its standard input.

use std::collections::VecDeque;
use std::io::BufRead as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_inbox::core::{Client, Error, InboundMessage, Webhook};
use backchat_inbox::store::{PostgresStore, SqliteStore};
use backchat_inbox::{Inbox, QueueOptions, Receipt, Store};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::event::{self, NO_HEADERS};
use super::random::Random;
use super::store::{Between, Pause, Point, Safeguard};

/// The variable that holds the [`Config`], as JSON.
pub const CONFIG: &str = "BACKCHAT_WORKER";

/// What a worker does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the ledger is.
    pub store: String,
    /// Whose rows they are.
    pub scope: String,
    /// Where the API is.
    pub api: String,
    /// The lease of a claim and of a POST.
    pub lease_ms: u64,
    /// How wrong this process's clock is.
    pub clock_offset_s: i64,
    /// Says `at …` there, and goes on when it reads `go`.
    pub hold_at: Option<Point>,
    /// A safeguard to take out.
    pub without: Option<Safeguard>,
    /// How long a handler takes at most; each takes another time.
    pub slowest_handler_ms: u64,
    /// How many of a hundred handlers fail.
    pub failing_handlers: u8,
    /// The messages to deliver.
    pub messages: u32,
    /// How many people wrote them.
    pub senders: u32,
    /// How many are delivered at once.
    pub at_once: usize,
    /// Whether they are delivered in an order of this process's own.
    pub shuffled: bool,
    /// What the order and the handlers' luck are made of.
    pub seed: u64,
    /// Queue mode: how long it pauses between two messages, at most.
    pub pause_ms: u64,
    /// Queue mode: how many messages of each sender an earlier process was seen to accept.
    pub queue: Option<Vec<u32>>,
}

impl Config {
    /// Delivers message 0 until it is done, with a lease of 300 ms.
    pub fn new(store: &str, scope: &str, api: &str) -> Self {
        Self {
            store: store.to_owned(),
            scope: scope.to_owned(),
            api: api.to_owned(),
            lease_ms: 300,
            clock_offset_s: 0,
            hold_at: None,
            without: None,
            slowest_handler_ms: 0,
            failing_handlers: 0,
            messages: 1,
            senders: 1,
            at_once: 1,
            shuffled: false,
            seed: 1,
            pause_ms: 0,
            queue: None,
        }
    }

    /// A client of the API at `url` that never repeats a call by itself.
    pub fn client(url: &str) -> Result<Client, Error> {
        Client::builder()
            .base_url(url)
            .api_token("token")
            .max_retries(0)
            .build()
    }

    async fn inbox(&self) -> Result<Inbox, Error> {
        let store = Between::new(open(&self.store).await?, holding(self.hold_at))
            .without(self.without)
            .leasing(Duration::from_millis(self.lease_ms));
        let offset = SignedDuration::from_secs(self.clock_offset_s);
        let mut builder = Inbox::builder(Self::client(&self.api)?, Webhook::unverified())
            .with_store(Arc::new(store))
            .scope(self.scope.as_str())
            .max_attempts(1000)
            .clock(move || Timestamp::now() + offset);
        if self.queue.is_some() {
            let first = Duration::from_millis(20);
            let options = QueueOptions::default()
                .backoff(first, Duration::from_millis(200))
                .poll(Duration::from_millis(50));
            builder = builder.queue(options);
        }
        let inbox = builder.build()?;
        let luck = Mutex::new(Random::new(self.seed));
        let (slowest, failing) = (self.slowest_handler_ms, self.failing_handlers);
        let answer = move |message: InboundMessage| {
            let mut luck = luck.lock().unwrap();
            let pause = Duration::from_micros(luck.below(1000 * slowest + 1));
            let fails = luck.chance(failing);
            async move {
                tokio::time::sleep(pause).await;
                if fails {
                    return Err("bad luck");
                }
                Ok(format!("You said: {}", message.text))
            }
        };
        inbox.on_message(answer)?;
        Ok(inbox)
    }
}

/// Opens the store that `url` names.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    Ok(match url.strip_prefix("sqlite:") {
        Some(path) => Arc::new(SqliteStore::open(path).await?),
        None => Arc::new(PostgresStore::open(url).await?),
    })
}

/// Waits at `point` until somebody writes a line.
fn holding(point: Option<Point>) -> impl Fn(Point) -> Pause + Send + Sync {
    let (input, lines) = watch::channel(0_usize);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() {
                break;
            }
            input.send_modify(|lines| *lines += 1);
        }
        // Whoever started this process has gone.
        std::process::exit(0);
    });
    let held = Arc::new(AtomicBool::new(false));
    move |reached| {
        let held = Arc::clone(&held);
        let mut lines = lines.clone();
        Box::pin(async move {
            if point == Some(reached) && !held.swap(true, Ordering::AcqRel) {
                println!("at {reached}");
                let _gone = lines.wait_for(|lines| *lines > 0).await;
            }
        })
    }
}

/// The worker. Never returns before its standard input ends.
pub async fn run() -> Result<(), Error> {
    let config = std::env::var(CONFIG).expect("a worker is started by a test");
    let config: Config = serde_json::from_str(&config).unwrap();
    let inbox = config.inbox().await?;
    println!("ready");
    match &config.queue {
        None => {
            deliver(&config, &inbox).await;
            tell(&inbox).await;
        }
        Some(accepted) => feed(&config, &inbox, accepted).await,
    }
    std::future::pending().await
}

/// Says how many rows are in each state, whenever that changes.
async fn tell(inbox: &Inbox) {
    let mut last = None;
    loop {
        let counts = inbox.counts().await.ok();
        if let Some(counts) = counts.filter(|counts| last.as_ref() != Some(counts)) {
            let words = counts
                .iter()
                .map(|(state, rows)| format!(" {state}={rows}"));
            println!("counts{}", words.collect::<String>());
            last = Some(counts);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often a message is delivered again while its POST may be under way.
const PATIENCE: u32 = 20;

struct Delivery {
    number: u32,
    tries: u32,
    due: Instant,
}

/// Delivers every message, again and again until its answer is a 200, or its POST takes for ever.
async fn deliver(config: &Config, inbox: &Inbox) {
    let mut random = Random::new(config.seed);
    let mut numbers: Vec<u32> = (0..config.messages).collect();
    if config.shuffled {
        random.shuffle(&mut numbers);
    }
    let now = Instant::now();
    let deliveries = numbers.into_iter().map(|number| Delivery {
        number,
        tries: 0,
        due: now,
    });
    let waiting: Mutex<VecDeque<Delivery>> = Mutex::new(deliveries.collect());
    let waiting = Arc::new(waiting);
    let received = Arc::new(AtomicU64::new(0));
    let mut people = JoinSet::new();
    for person in 0..config.at_once {
        let (config, inbox) = (config.clone(), inbox.clone());
        let (waiting, received) = (Arc::clone(&waiting), Arc::clone(&received));
        let mut random = Random::new(config.seed ^ (person as u64) << 32);
        people.spawn(async move {
            loop {
                let Some(mut next) = waiting.lock().unwrap().pop_front() else {
                    return;
                };
                tokio::time::sleep_until(next.due.into()).await;
                let body = event::inbound(next.number, config.senders);
                let receipt = inbox.receive(&body, NO_HEADERS).await;
                received.fetch_add(1, Ordering::Relaxed);
                if config.messages < 100 {
                    say(next.number, &receipt);
                }
                // A POST that was begun by a clock of an hour from now is `sending` for an hour.
                let later = receipt.body == "sending" && next.tries > PATIENCE;
                if receipt.status != 200 && !later {
                    next.tries += 1;
                    let longest = 20_000_u64 << next.tries.min(4);
                    next.due = Instant::now() + Duration::from_micros(random.below(longest));
                    waiting.lock().unwrap().push_back(next);
                }
            }
        });
    }
    people.join_all().await;
    println!("done {}", received.load(Ordering::Relaxed));
}

fn say(number: u32, receipt: &Receipt) {
    println!("delivered {number} {} {}", receipt.status, receipt.body);
}

/// Hands every message to the queue, those of one sender one after the other.
async fn feed(config: &Config, inbox: &Inbox, accepted: &[u32]) {
    let running = inbox.clone();
    tokio::spawn(async move { running.run().await });
    let senders = config.senders;
    let next = Arc::new(Mutex::new(0..senders));
    let mut people = JoinSet::new();
    for _ in 0..config.at_once {
        let (config, inbox, next) = (config.clone(), inbox.clone(), Arc::clone(&next));
        let accepted = accepted.to_vec();
        people.spawn(async move {
            loop {
                let Some(sender) = next.lock().unwrap().next() else {
                    return;
                };
                let mut random = Random::new(config.seed ^ u64::from(sender));
                let mut turn = accepted.get(sender as usize).copied().unwrap_or(0);
                while turn * senders + sender < config.messages {
                    let number = turn * senders + sender;
                    let body = event::inbound(number, senders);
                    if inbox.receive(&body, NO_HEADERS).await.status != 200 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                    println!("accepted {number}");
                    turn += 1;
                    let pause = random.below(1000 * config.pause_ms + 1);
                    tokio::time::sleep(Duration::from_micros(pause)).await;
                    if random.chance(10) {
                        // Prelude sends an older one twice.
                        let older = u32::try_from(random.below(turn.into())).unwrap_or(0);
                        let body = event::inbound(older * senders + sender, senders);
                        inbox.receive(&body, NO_HEADERS).await;
                    }
                }
            }
        });
    }
    people.join_all().await;
    println!("fed");
}
