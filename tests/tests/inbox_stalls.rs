//! A database that goes silent, at each message of the protocol in turn: nothing is held up for longer
//! than a call's deadline, and when it is back the next webhooks are answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use backchat_inbox::Ledger;
use backchat_inbox::store::schema;
use backchat_tests::fault::TlsFault;
use backchat_tests::inbox::bot::Bot;
use backchat_tests::inbox::database::Database;
use backchat_tests::inbox::stall::{StallingProxy, Unit};
use backchat_tests::inbox::tls_proxy::TlsProxy;
use tokio::task::JoinSet;

/// A call takes 4 s at most, and opening 5 s; the rest is this machine's.
const CALL: Duration = Duration::from_secs(6);
const OPEN: Duration = Duration::from_secs(7);

/// So many points are tried at once.
const AT_ONCE: usize = 36;

/// How the store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    Now,
    Later,
}

/// What is between the inbox and Postgres.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    /// Without sessions of our own.
    Pooled,
    Tls,
}

/// A ledger of its own, reached through a proxy.
struct Line {
    url: String,
    proxy: StallingProxy,
    // They end with the line.
    _tls: Option<TlsProxy>,
}

impl Line {
    /// `fresh`: without tables.
    async fn new(kind: Kind, fresh: bool, silent_from: Option<usize>) -> Option<Self> {
        let database = Database::new().await?;
        if !fresh {
            let tables = schema(&database.url(""), 0).unwrap();
            database.run(&tables).await;
        }
        let url = match kind {
            Kind::Pooled => database.url("&pool_size=2&pgbouncer=true"),
            _ => database.url("&pool_size=2"),
        };
        let Kind::Tls = kind else {
            let proxy = StallingProxy::to(&url, Unit::Message, silent_from).await;
            let proxy = proxy.unwrap();
            return Some(Self {
                url: proxy.url().to_owned(),
                proxy,
                _tls: None,
            });
        };
        let tls = TlsProxy::to(&url, TlsFault::Valid, false).await.unwrap();
        let url = url.replacen(database.address(), &tls.address().to_string(), 1);
        let proxy = StallingProxy::to(&url, Unit::Chunk, silent_from)
            .await
            .unwrap();
        Some(Self {
            url: format!("{}&sslrootcert={}", proxy.url(), tls.file("ca.pem")),
            proxy,
            _tls: Some(tls),
        })
    }
}

/// Opens the store and answers message 0, each within its deadline. `None`: it cannot be opened.
async fn first_message(line: &Line, opened: Opened) -> Option<Bot> {
    let started = Instant::now();
    let bot = match opened {
        Opened::Now => Bot::open(&line.url).await,
        Opened::Later => Bot::later(&line.url).await,
    };
    let took = started.elapsed();
    assert!(took < OPEN, "opened after {took:?}");
    let bot = bot
        .inspect_err(|e| assert_eq!(e.code().as_str(), "store_unavailable"))
        .ok()?;
    let started = Instant::now();
    let receipt = bot.receive(0).await;
    let took = started.elapsed();
    assert!(took < CALL, "answered {receipt:?} after {took:?}");
    // Silent, and yet answered: cleaning up beside the request met the silence.
    let silent = line.proxy.is_silent();
    assert!(receipt.status == 200 || silent, "{receipt:?}");
    Some(bot)
}

/// Silent at message `n` until it heals; then the next webhook is answered.
async fn silent_at(n: usize, kind: Kind, fresh: bool, opened: Opened) {
    let line = Line::new(kind, fresh, Some(n)).await.unwrap();
    let bot = first_message(&line, opened).await;
    line.proxy.heal();
    let bot = match bot {
        Some(bot) => bot,
        None => opened_again(&line.url).await,
    };
    if bot.posts(0) > 0 {
        // No call has met the silence to its end: a session is only tried after a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let started = Instant::now();
    let receipt = bot.receive(1).await;
    let took = started.elapsed();
    assert_eq!(receipt.status, 200, "{n}: {:?}", bot.failures());
    assert!(took < CALL, "{n}: answered after {took:?}");
    bot.until_done(0, Duration::from_secs(20)).await;
    assert_eq!(bot.posts(1), 1, "{n}");
    assert!(bot.posts(0) <= 1, "{n}: sent twice");
}

/// While the server keeps the transaction of a session that went silent, it says "try again".
async fn opened_again(url: &str) -> Bot {
    let started = Instant::now();
    loop {
        match Bot::open(url).await {
            Ok(bot) => return bot,
            Err(error) => assert!(started.elapsed() < 3 * OPEN, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn silent_at_each(kind: Kind, fresh: bool, opened: Opened, every: usize) {
    let Some(line) = Line::new(kind, fresh, None).await else {
        return;
    };
    first_message(&line, opened).await.unwrap();
    let messages = line.proxy.passed();
    println!("{messages} messages to {kind:?}, opened {opened:?}");
    assert!(messages > 20, "too few to be true");
    let mut trials = JoinSet::new();
    for n in (0..messages).step_by(every) {
        if trials.len() >= AT_ONCE {
            trials.join_next().await.unwrap().unwrap();
        }
        trials.spawn(silent_at(n, kind, fresh, opened));
    }
    while let Some(trial) = trials.join_next().await {
        trial.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_each_message() {
    silent_at_each(Kind::Plain, false, Opened::Later, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_each_message_without_sessions_of_our_own() {
    silent_at_each(Kind::Pooled, false, Opened::Later, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_each_chunk_of_tls() {
    silent_at_each(Kind::Tls, false, Opened::Later, 1).await;
}

/// The tables are made too, by the first message or before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_tables_are_made() {
    silent_at_each(Kind::Plain, true, Opened::Now, 3).await;
    silent_at_each(Kind::Pooled, true, Opened::Later, 7).await;
}

/// All of 20 webhooks are answered in time while nothing passes, also with a pool that is smaller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_waits_no_longer_than_one() {
    for opened in [Opened::Now, Opened::Later] {
        let Some(line) = Line::new(Kind::Plain, true, None).await else {
            return;
        };
        let bot = first_message(&line, opened).await.unwrap();
        line.proxy.stall();
        let started = Instant::now();
        let statuses = bot.crowd(1..21).await;
        let took = started.elapsed();
        assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
        assert!(took < CALL, "answered after {took:?}");
        line.proxy.heal();
        let statuses = bot.crowd(1..21).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        for number in 1..21 {
            assert_eq!(bot.posts(number), 1, "message {number}");
        }
    }
}

/// A firewall forgets a connection that nobody uses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_went_silent_unused_are_replaced() {
    let Some(line) = Line::new(Kind::Plain, true, None).await else {
        return;
    };
    let bot = first_message(&line, Opened::Now).await.unwrap();
    line.proxy.heal();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bot.receive(1).await.status, 200, "{:?}", bot.failures());
    assert_eq!(bot.posts(1), 1);
}

/// A first host that takes connections and says nothing leaves time for the second one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_first_host() {
    let Some(database) = Database::new().await else {
        return;
    };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = format!("{},{}", silent.local_addr().unwrap(), database.address());
    let url = database.url("").replacen(database.address(), &hosts, 1);
    let started = Instant::now();
    Ledger::open(&url).await.unwrap();
    assert!(started.elapsed() < OPEN);
    let bot = Bot::later(&url).await.unwrap();
    assert_eq!(bot.receive(1).await.status, 200, "{:?}", bot.failures());
}
