//! The store goes away, at each step of a message: full, read-only, locked, gone, cut off, silent.
//!
//! No POST without a gate that is durable; a store that is not there when a message comes means 503
//! and that nothing was run; what could not be recorded after a POST is repaired by another try, or
//! by the delivery event.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backchat_inbox::core::{Client, InboundMessage, InboundMessageId, Webhook};
use backchat_inbox::store::MemoryStore;
use backchat_inbox::{Inbox, Ledger, QueueOptions, Receipt, State};
use backchat_tests::fault::FaultServer;
use backchat_tests::inbox::event::{NO_HEADERS, delivered, inbound, message_id};
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::process::{Process, program};
use backchat_tests::inbox::proxy::{Proxy, Weather};
use backchat_tests::inbox::store::{Between, Pause, Point};
use backchat_tests::inbox::worker::{self, CONFIG, Config};
use tokio::task::JoinSet;

const STEPS: [Point; 3] = [Point::BeforeClaim, Point::BeforeGate, Point::BeforeRecord];
const LONG: Duration = Duration::from_mins(1);
/// Prelude waits ten seconds for the answer.
const PRELUDE: Duration = Duration::from_secs(9);
const LEASE: Duration = Duration::from_millis(500);

type Trouble = Box<dyn FnOnce() -> Pause + Send>;

/// An inbox on a store that gets into trouble at a chosen point, once.
struct Bench {
    inbox: Inbox,
    server: FaultServer,
    runs: Arc<AtomicUsize>,
    trouble: Arc<Mutex<Option<(Point, Trouble)>>>,
}

impl Bench {
    async fn new(place: &Place, queue: bool) -> Self {
        let server = FaultServer::start().await.unwrap();
        let trouble = Arc::<Mutex<Option<(Point, Trouble)>>>::default();
        let armed = Arc::clone(&trouble);
        let hook = move |reached| -> Pause {
            let mut armed = armed.lock().unwrap();
            match armed.take_if(|(point, _)| *point == reached) {
                Some((_, make)) => make(),
                None => Box::pin(std::future::ready(())),
            }
        };
        let store = worker::open(&place.url).await.unwrap();
        let store = Between::new(store, hook).leasing(LEASE);
        let client = Config::client(server.url()).unwrap();
        let mut builder = Inbox::builder(client, Webhook::unverified())
            .with_store(Arc::new(store))
            .scope(place.scope.as_str());
        if queue {
            builder = builder.queue(QueueOptions::default());
        }
        let inbox = builder.build().unwrap();
        let runs = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&runs);
        let answer = move |message: InboundMessage| {
            counted.fetch_add(1, Ordering::AcqRel);
            async move { format!("You said: {}", message.text) }
        };
        inbox.on_message(answer).unwrap();
        Self {
            inbox,
            server,
            runs,
            trouble,
        }
    }

    /// The inbox with one message answered: statements are prepared, connections are open.
    async fn warm(place: &Place) -> Self {
        let bench = Self::new(place, false).await;
        assert_eq!(bench.receive(0).await.status, 200);
        bench.runs.store(0, Ordering::Release);
        bench
    }

    fn arm(&self, at: Point, make: impl FnOnce() -> Pause + Send + 'static) {
        *self.trouble.lock().unwrap() = Some((at, Box::new(make)));
    }

    async fn receive(&self, number: u32) -> Receipt {
        self.inbox.receive(&inbound(number, 10), NO_HEADERS).await
    }

    /// Whole or not, and of this message.
    fn posts(&self, number: u32) -> usize {
        let requests = self.server.requests();
        let about = |request: &&_| reply_to(request) == message_id(number);
        requests.iter().filter(about).count()
    }

    /// Message 1 while the store is in trouble: the answer, and what must not have happened.
    async fn in_trouble(&self, at: Point) {
        let started = Instant::now();
        let receipt = self.receive(1).await;
        let elapsed = started.elapsed();
        assert!(elapsed < PRELUDE, "{at}: answered after {elapsed:?}");
        assert!(
            self.trouble.lock().unwrap().is_none(),
            "{at} was never reached"
        );
        assert_eq!(
            (receipt.status, &*receipt.body),
            (503, "store_unavailable"),
            "{at}"
        );
        let runs = self.runs.load(Ordering::Acquire);
        let expected = match at {
            Point::BeforeClaim => (0, 0),
            Point::BeforeGate => (1, 0),
            _ => (1, 1),
        };
        assert_eq!((runs, self.posts(1)), expected, "{at}: handlers run, POSTs");
    }

    /// Message 1 again and again, until the answer is a 200. The state, and the POSTs in all.
    async fn until_done(&self, ledger: &Ledger) -> (State, usize) {
        let started = Instant::now();
        let receipt = loop {
            let receipt = self.receive(1).await;
            if receipt.status == 200 {
                break receipt;
            }
            assert!(started.elapsed() < LONG, "never done: {receipt:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let state = state(ledger).await;
        // A late record may still turn what this answer said into `sent`.
        assert!(
            [state.as_str(), "maybe_sent"].contains(&&*receipt.body),
            "{receipt:?}, {state}"
        );
        (state, self.posts(1))
    }

    /// What could not be recorded is, by another try in the background.
    async fn until_recorded(&self, ledger: &Ledger) {
        let started = Instant::now();
        while state(ledger).await != State::Sent {
            assert!(started.elapsed() < LONG, "never recorded");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn reply_to(request: &backchat_tests::fault::Received) -> String {
    let body = request.json().unwrap();
    body["reply_to"].as_str().unwrap().to_owned()
}

async fn state(ledger: &Ledger) -> State {
    let id = InboundMessageId::from(message_id(1).as_str());
    ledger.show(&id).await.unwrap().unwrap().state
}

/// After the trouble: one POST and `sent`, whatever the step.
async fn must_end_sent(bench: &Bench, ledger: &Ledger, at: Point) {
    if at == Point::BeforeRecord {
        bench.until_recorded(ledger).await;
    }
    let end = bench.until_done(ledger).await;
    assert_eq!(end, (State::Sent, 1), "{at}");
}

// SQLite

/// Where a file or a folder is moved to.
fn away(path: &Path) -> PathBuf {
    path.with_extension("away")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_file_or_folder_gone_or_replaced() {
    for at in STEPS {
        for folder in [true, false] {
            let place = Place::sqlite();
            let path = if folder {
                place.folder().to_owned()
            } else {
                place.file()
            };
            let bench = Bench::warm(&place).await;
            let gone = path.clone();
            bench.arm(at, move || {
                fs::rename(&gone, away(&gone)).unwrap();
                Box::pin(std::future::ready(()))
            });
            bench.in_trouble(at).await;
            fs::rename(away(&path), &path).unwrap();
            must_end_sent(&bench, bench.inbox.ledger(), at).await;
        }
        // Another ledger under the same name: what is written to the open one, nobody would see.
        let place = Place::sqlite();
        let bench = Bench::warm(&place).await;
        let file = place.file();
        let replaced = file.clone();
        bench.arm(at, move || {
            fs::rename(&replaced, away(&replaced)).unwrap();
            fs::write(&replaced, b"").unwrap();
            Box::pin(std::future::ready(()))
        });
        bench.in_trouble(at).await;
        fs::rename(away(&file), &file).unwrap();
        must_end_sent(&bench, bench.inbox.ledger(), at).await;
    }
}

/// The write-ahead log is the ledger too: what is written to one that was deleted, nobody else sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_log_gone() {
    for at in STEPS {
        let place = Place::sqlite();
        let bench = Bench::warm(&place).await;
        let log = place.folder().join("inbox.db-wal");
        let gone = log.clone();
        bench.arm(at, move || {
            fs::rename(&gone, away(&gone)).unwrap();
            Box::pin(std::future::ready(()))
        });
        bench.in_trouble(at).await;
        fs::rename(away(&log), &log).unwrap();
        must_end_sent(&bench, bench.inbox.ledger(), at).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_locked_by_another_process_for_longer_than_it_waits() {
    program();
    let mut steps = JoinSet::new();
    for at in STEPS {
        steps.spawn(async move {
            let place = Place::sqlite();
            let bench = Bench::warm(&place).await;
            let mut command = Command::new(program());
            command.env("BACKCHAT_LOCK", place.file());
            let locker = Arc::new(tokio::sync::Mutex::new(None));
            let locking = Arc::clone(&locker);
            bench.arm(at, move || {
                Box::pin(async move {
                    let mut process = Process::run(command);
                    process.wait_for("locked", LONG).await;
                    *locking.lock().await = Some(process);
                })
            });
            bench.in_trouble(at).await;
            // Who reads is not held up.
            assert_eq!(
                bench
                    .inbox
                    .list(Some(State::Sent), None)
                    .await
                    .unwrap()
                    .len(),
                1
            );
            let mut process = locker.lock().await.take().unwrap();
            process.go();
            process.wait_for("unlocked", LONG).await;
            must_end_sent(&bench, bench.inbox.ledger(), at).await;
        });
    }
    steps.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_a_queue_that_cannot_store_answers_503() {
    let place = Place::sqlite();
    let bench = Bench::new(&place, true).await;
    let file = place.file();
    bench.arm(Point::BeforeEnqueue, move || {
        fs::rename(&file, away(&file)).unwrap();
        Box::pin(std::future::ready(()))
    });
    let receipt = bench.receive(1).await;
    assert_eq!((receipt.status, &*receipt.body), (503, "store_unavailable"));
    fs::rename(away(&place.file()), place.file()).unwrap();
    assert!(bench.inbox.list(None, None).await.unwrap().is_empty());
    let receipt = bench.receive(1).await;
    assert_eq!((receipt.status, &*receipt.body), (200, "queued"));
    assert_eq!(bench.runs.load(Ordering::Acquire), 0);
}

/// A command that runs in mounts of its own, which end with it; `None`, with a line that says so,
/// where that is not allowed, and a failure where `CI=true`.
fn with_own_mounts() -> Option<Command> {
    for how in [&["--mount"][..], &["--mount", "--map-root-user"]] {
        let mut tried = Command::new("unshare");
        tried.args(how).arg("true").stderr(Stdio::null());
        if tried.status().is_ok_and(|status| status.success()) {
            let mut command = Command::new("unshare");
            command.args(how);
            return Some(command);
        }
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "CI allows no mounts of one's own"
    );
    println!("skipped: no mounts of one's own here");
    None
}

/// A worker that begins with a mount on `folder`.
fn worker_on(mount: &str, folder: &Path, config: &Config) -> Option<Process> {
    let mut command = with_own_mounts()?;
    command
        .args(["sh", "-ec", &format!("{mount}; exec \"$1\""), "sh"])
        .arg(program())
        .env("FOLDER", folder)
        .env(CONFIG, serde_json::to_string(config).unwrap());
    Some(Process::run(command))
}

/// Takes every free page.
fn fill(file: &Path) {
    let mut file = fs::File::create(file).unwrap();
    loop {
        if let Err(error) = file.write_all(&[b'x'; 4096]) {
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_disk_full() {
    for at in STEPS {
        let place = Place::sqlite();
        let server = FaultServer::start().await.unwrap();
        let mut config = Config::new(&place.url, &place.scope, server.url());
        config.hold_at = Some(at);
        let tmpfs = "mount -t tmpfs -o size=1m backchat \"$FOLDER\"";
        let Some(mut worker) = worker_on(tmpfs, place.folder(), &config) else {
            return;
        };
        worker.wait_for(&format!("at {at}"), LONG).await;
        assert!(!place.file().exists(), "the mount is seen outside");
        let there = PathBuf::from(format!("/proc/{}/root", worker.id()));
        let filler = place.folder().join("filler");
        let filler = there.join(filler.strip_prefix("/").unwrap());
        fill(&filler);
        worker.go();
        let first = worker.wait_for("delivered 0", LONG).await;
        assert_eq!(first, "503 store_unavailable", "{at}");
        let expected = usize::from(at == Point::BeforeRecord);
        assert_eq!(server.requests().len(), expected, "{at}");
        // For what is tried again in the background too.
        tokio::time::sleep(Duration::from_millis(200)).await;
        fs::remove_file(&filler).unwrap();
        worker.wait_for("done", LONG).await;
        worker.wait_for("counts sent=1", LONG).await;
        assert_eq!(server.requests().len(), 1, "{at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_read_only() {
    let place = Place::sqlite();
    drop(place.ledger().await);
    let server = FaultServer::start().await.unwrap();
    let config = Config::new(&place.url, &place.scope, server.url());
    let read_only = "mount --bind \"$FOLDER\" \"$FOLDER\"; mount -o remount,bind,ro \"$FOLDER\"";
    let Some(mut worker) = worker_on(read_only, place.folder(), &config) else {
        return;
    };
    // An inbox that could not claim anything does not even start.
    let said = tokio::time::timeout(LONG, worker.line()).await.unwrap();
    assert_eq!(said, None);
    assert_eq!(server.requests().len(), 0);
}

/// As `-v ./inbox.db:/data/inbox.db` does: the log is in the container's folder, and goes with it.
#[test]
fn sqlite_file_that_is_mounted_by_itself() {
    let opens = |mount: &str| {
        let place = Place::sqlite();
        fs::write(place.file(), b"").unwrap();
        let mut command = with_own_mounts()?;
        let config = Config::new(&place.url, &place.scope, "http://127.0.0.1:9");
        // No message: it ends with its input, if it begins at all.
        let config = Config {
            messages: 0,
            ..config
        };
        command
            .args([
                "sh",
                "-ec",
                &format!("cd \"$FOLDER\"; {mount}; exec \"$1\""),
                "sh",
            ])
            .arg(program())
            .env("FOLDER", place.folder())
            .env(CONFIG, serde_json::to_string(&config).unwrap())
            .stdin(Stdio::null());
        let ran = command.output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        Some((ran.status.success(), said))
    };
    let refused = [
        // Of one file system: the numbers of the devices are equal.
        "mount --bind inbox.db inbox.db",
        // Of another one.
        "mkdir other; mount -t tmpfs backchat other; touch other/inbox.db; \
         mount --bind other/inbox.db inbox.db",
        // Behind a link.
        "mkdir other; mv inbox.db other; ln -s other/inbox.db inbox.db; \
         mount --bind other/inbox.db other/inbox.db",
    ];
    for mount in refused {
        let Some((opened, said)) = opens(mount) else {
            return;
        };
        assert!(!opened, "{mount}");
        assert!(said.contains("mount the folder"), "{mount}: {said}");
    }
    for mount in [
        "mount --bind . .; cd \"$PWD\"",
        "mkdir other; mount -t tmpfs backchat other; rm inbox.db; ln -s other/inbox.db inbox.db",
    ] {
        let (opened, said) = opens(mount).unwrap();
        assert!(opened, "{mount}: {said}");
    }
}

// Postgres

const WEATHERS: [Weather; 4] = [
    Weather::Down,
    Weather::Stalled,
    Weather::AnswerLost,
    Weather::AnswerStalled,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_out_of_reach() {
    if Place::postgres().is_none() {
        return;
    }
    let mut all = JoinSet::new();
    for at in STEPS {
        for weather in WEATHERS {
            all.spawn(async move {
                let started = Instant::now();
                let end = out_of_reach(at, weather).await;
                let elapsed = started.elapsed();
                println!(
                    "{weather:?} {at}: {} with {} POST(s), {elapsed:.1?}",
                    end.0, end.1
                );
            });
        }
    }
    all.join_all().await;
}

async fn out_of_reach(at: Point, weather: Weather) -> (State, usize) {
    let direct = Place::postgres().unwrap();
    let (proxy, through) = Proxy::to(&direct.url).await.unwrap();
    let bench = Bench::warm(&direct.by(through)).await;
    let set = proxy.setter();
    bench.arm(at, move || {
        set(weather);
        Box::pin(std::future::ready(()))
    });
    bench.in_trouble(at).await;
    // Still away: nothing more may be run.
    let before = (bench.runs.load(Ordering::Acquire), bench.posts(1));
    let again = bench.receive(1).await;
    assert_eq!((again.status, &*again.body), (503, "store_unavailable"));
    assert_eq!((bench.runs.load(Ordering::Acquire), bench.posts(1)), before);
    let ledger = direct.ledger().await;
    proxy.set(Weather::Fine);
    if at == Point::BeforeRecord {
        bench.until_recorded(&ledger).await;
    }
    let end = bench.until_done(&ledger).await;
    let possible: &[_] = match (at, weather) {
        // The gate may have opened, and nothing was sent. The inbox undoes that, unless the weather
        // outlasts the lease.
        (Point::BeforeGate, Weather::AnswerLost | Weather::AnswerStalled | Weather::Stalled) => {
            &[(State::Sent, 1), (State::MaybeSent, 0)]
        }
        _ => &[(State::Sent, 1)],
    };
    assert!(possible.contains(&end), "{weather:?} {at}: {end:?}");
    end
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_lost_record_is_repaired_by_the_delivery_event() {
    let Some(direct) = Place::postgres() else {
        return;
    };
    let (proxy, through) = Proxy::to(&direct.url).await.unwrap();
    let bench = Bench::warm(&direct.by(through)).await;
    let set = proxy.setter();
    bench.arm(Point::BeforeRecord, move || {
        set(Weather::Down);
        Box::pin(std::future::ready(()))
    });
    bench.in_trouble(Point::BeforeRecord).await;
    let ledger = direct.ledger().await;
    assert!([State::Sending, State::MaybeSent].contains(&state(&ledger).await));
    let last = bench.server.requests().pop().unwrap().json().unwrap();
    let correlation_id = last["correlation_id"].as_str().unwrap();
    let other = Bench::new(&direct, false).await;
    let event = delivered("tx_event", correlation_id);
    let receipt = other.inbox.receive(&event, NO_HEADERS).await;
    assert_eq!(receipt.status, 200);
    assert_eq!(state(&ledger).await, State::Sent);
    // The late record does not undo it.
    proxy.set(Weather::Fine);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.until_done(&ledger).await, (State::Sent, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_is_not_there_is_no_store() {
    let Some(direct) = Place::postgres() else {
        return;
    };
    let (proxy, through) = Proxy::to(&direct.url).await.unwrap();
    for weather in [Weather::Down, Weather::Stalled] {
        proxy.set(weather);
        let started = Instant::now();
        let error = Ledger::open(&through).await.unwrap_err();
        assert_eq!(error.code().as_str(), "store_unavailable");
        assert!(started.elapsed() < PRELUDE, "{weather:?}");
    }
}

/// The lease begins within the gate: a POST that begins too late would outlive it, and an operator
/// could have it sent a second time meanwhile.
#[tokio::test]
async fn a_gate_that_takes_too_long_lets_nothing_out() {
    let server = FaultServer::start().await.unwrap();
    let slow = AtomicBool::new(true);
    let hook = move |reached| -> Pause {
        let is_slow = reached == Point::AfterGate && slow.swap(false, Ordering::AcqRel);
        let wait = if is_slow { 1500 } else { 0 };
        Box::pin(tokio::time::sleep(Duration::from_millis(wait)))
    };
    let client = Client::builder()
        .base_url(server.url())
        .api_token("token")
        .timeout(Duration::from_secs(2));
    let inbox = Inbox::builder(client.build().unwrap(), Webhook::unverified())
        .with_store(Arc::new(Between::new(Arc::new(MemoryStore::new()), hook)))
        .short_lease(Duration::from_secs(3))
        .build()
        .unwrap();
    inbox.on_message(|_| async { "Hi" }).unwrap();
    let body = inbound(1, 10);
    let deliver = || inbox.receive(&body, NO_HEADERS);
    assert_eq!(deliver().await.status, 503);
    assert_eq!(server.requests().len(), 0);
    let id = message_id(1).as_str().into();
    let row = inbox.outcome(&id).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.code.as_deref()),
        (State::Retrying, Some("timed_out"))
    );
    let started = Instant::now();
    while deliver().await.status != 200 {
        assert!(started.elapsed() < LONG, "never sent");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.posts(), 1);
}
