//! A process that opens an inbox on SQLite, answers a message, and forks: see `tests/inbox_fork.rs`.
//!
//! It waits for files in the folder of the ledger, because its children share its standard input,
//! and ends with that.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use backchat_inbox::Inbox;
use backchat_inbox::core::{Webhook, fork};
use backchat_tests::inbox::event::{NO_HEADERS, inbound};
use backchat_tests::inbox::worker::Config;
use tokio::runtime::Runtime;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

const TICK: Duration = Duration::from_millis(5);

fn main() -> Done {
    if let Some(path) = env::var_os("FOREIGN") {
        return foreign(Path::new(&path));
    }
    let file = PathBuf::from(env::var("LEDGER")?);
    if env::var_os("LATER").is_some() {
        return later(&file);
    }
    let prepared = env::var_os("PREPARED").is_some();
    let runtime = Runtime::new()?;
    let inbox = runtime.block_on(inbox(&file))?;
    deliver(&runtime, &inbox, "parent", [0]);
    if env::var_os("BUSY").is_some() {
        busy(&runtime, &file)?;
    }
    for number in 0..env::var("CHILDREN")?.parse()? {
        if prepared {
            fork::prepare();
        }
        let forked = ::fork::fork()?;
        let in_child = forked.is_child();
        if prepared {
            fork::resume(in_child);
        }
        if in_child {
            // Its threads are the parent's.
            std::mem::forget(runtime);
            return child(number, &file, &inbox);
        }
    }
    println!("forked");
    match env::var("PARENT")?.as_str() {
        "exits" => std::process::exit(0),
        "drops" => {
            drop(inbox);
            while is_open(&file) {
                sleep(TICK);
            }
            println!("dropped");
        }
        _ => deliver(&runtime, &inbox, "parent", [1]),
    }
    until_input_ends();
    Ok(())
}

/// Forks while the ledger is being opened by its first use.
fn later(file: &Path) -> Done {
    let client = Config::client(&env::var("API")?)?;
    let inbox = Inbox::builder(client, Webhook::unverified())
        .store_later(&format!("sqlite:{}", file.display()))?
        .build()?;
    let runtime = Runtime::new()?;
    let opening = inbox.clone();
    let opening = runtime.spawn(async move { opening.list(None, None).await.is_ok() });
    sleep(Duration::from_millis(300));
    println!("opening: {}", !opening.is_finished());
    if ::fork::fork()?.is_child() {
        // Its threads are the parent's.
        std::mem::forget(runtime);
        let limit = Duration::from_secs(20);
        let listed = async { tokio::time::timeout(limit, inbox.list(None, None)).await };
        let in_time = Runtime::new()?.block_on(listed).is_ok();
        println!("child in time: {in_time}");
        std::process::exit(0);
    }
    println!("forked");
    until_input_ends();
    Ok(())
}

async fn inbox(file: &Path) -> Done<Inbox> {
    let client = Config::client(&env::var("API")?)?;
    let inbox = Inbox::builder(client, Webhook::unverified())
        .store(&format!("sqlite:{}", file.display()))
        .await?
        .scope(env::var("SCOPE")?)
        .build()?;
    inbox.on_message(|message| async move { format!("You said: {}", message.text) })?;
    Ok(inbox)
}

/// Twice: a message of its own each time, and ten that other children get as well.
fn child(number: u32, file: &Path, inbox: &Inbox) -> Done {
    std::thread::spawn(|| {
        until_input_ends();
        std::process::exit(0);
    });
    let runtime = Runtime::new()?;
    for round in 1..=2 {
        while !file.with_file_name(format!("go-{round}")).exists() {
            sleep(TICK);
        }
        let own = 100 * round + number;
        let shared = 10 * round..10 * (round + 1);
        deliver(
            &runtime,
            inbox,
            &format!("child {number}"),
            shared.chain([own]),
        );
        println!("child {number} done {round}");
    }
    loop {
        sleep(TICK);
    }
}

/// Delivers each message until it is done, or has been refused for a while.
fn deliver(runtime: &Runtime, inbox: &Inbox, name: &str, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let mut last = None;
        for _ in 0..200 {
            let body = inbound(number, 10);
            let receipt = runtime.block_on(inbox.receive(&body, NO_HEADERS));
            let status = receipt.status;
            if last
                .replace(receipt)
                .is_none_or(|last| last.status != status)
            {
                println!("{name}: message {number}: {status}");
            }
            if status == 200 {
                break;
            }
            sleep(TICK);
        }
    }
}

/// Answers messages for ever, by way of another inbox: the child uses nothing else of it than the
/// ledger.
fn busy(runtime: &Runtime, file: &Path) -> Done {
    let other = runtime.block_on(inbox(file))?;
    for task in 1..=8 {
        let other = other.clone();
        runtime.spawn(async move {
            for number in 1_000_000 * task.. {
                other.receive(&inbound(number, 10), NO_HEADERS).await;
            }
        });
    }
    Ok(())
}

/// Whether SQLite has the ledger open in this process: it alone opens the log.
fn is_open(file: &Path) -> bool {
    let log = PathBuf::from(format!("{}-wal", file.display()));
    let descriptors = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    descriptors
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|path| path == log)
}

fn until_input_ends() {
    let _ended = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}

/// As `sqlite3 inbox.db 'SELECT …'` does: the last one who closes a ledger removes its log.
fn foreign(path: &Path) -> Done {
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let count = "SELECT count(*) FROM backchat_ledger";
    let rows: i64 = connection.query_row(count, [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    println!("rows {rows}");
    Ok(())
}
