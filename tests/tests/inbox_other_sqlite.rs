//! Others in the process of the inbox open its ledger on SQLite, read and close it: another SQLite
//! library, or a program that copies files. Every lock of POSIX that the process has goes with that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backchat_inbox::core::Webhook;
use backchat_inbox::{Inbox, State};
use backchat_tests::example;
use backchat_tests::fault::FaultServer;
use backchat_tests::inbox::event::{NO_HEADERS, inbound, message_id};
use backchat_tests::inbox::place::Place;
use backchat_tests::inbox::worker::Config;

const FILES: [&str; 3] = ["", "-wal", "-shm"];

fn files(place: &Place) -> [PathBuf; 3] {
    FILES.map(|suffix| format!("{}{suffix}", place.file().display()).into())
}

/// Another process opens the ledger with a SQLite of its own, and closes it: it says how many rows
/// there are.
fn rows(place: &Place, program: &PathBuf) -> usize {
    let read = Command::new(program)
        .env("FOREIGN", place.file())
        .output()
        .unwrap();
    assert!(read.status.success(), "{read:?}");
    let said = String::from_utf8(read.stdout).unwrap();
    said.trim().strip_prefix("rows ").unwrap().parse().unwrap()
}

async fn inbox(place: &Place, server: &FaultServer) -> Inbox {
    let client = Config::client(server.url()).unwrap();
    let inbox = Inbox::builder(client, Webhook::unverified())
        .store(&place.url)
        .await
        .unwrap()
        .scope(place.scope.as_str())
        .build()
        .unwrap();
    inbox
        .on_message(|message| async move { format!("You said: {}", message.text) })
        .unwrap();
    inbox
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_closed_takes_no_lock_with_it() {
    let program = example::program("inbox_fork").unwrap();
    let place = Place::sqlite();
    let server = FaultServer::start().await.unwrap();
    let inbox = inbox(&place, &server).await;
    let inodes = || files(&place).map(|file| inode(&file));
    let mut before = None;
    for number in 0..20 {
        let receipt = inbox.receive(&inbound(number, 10), NO_HEADERS).await;
        assert_eq!(receipt.status, 200, "message {number}: {receipt:?}");
        for file in files(&place) {
            drop(File::open(file).unwrap());
        }
        // What was acknowledged is seen, and nothing was removed.
        assert_eq!(rows(&place, &program), number as usize + 1);
        assert_eq!(*before.get_or_insert_with(inodes), inodes());
    }
    assert_eq!(server.requests().len(), 20);
}

fn inode(file: &PathBuf) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap())
}

/// The same all the time, while two inboxes of two processes get the same messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_closed_in_the_midst_of_a_transaction_lets_nobody_in() {
    const MESSAGES: u32 = 300;
    let program = example::program("inbox_fork").unwrap();
    let place = Arc::new(Place::sqlite());
    let server = FaultServer::start().await.unwrap();
    let inbox = inbox(&place, &server).await;
    let mut config = Config::new(&place.url, &place.scope, server.url());
    (config.messages, config.senders, config.at_once) = (MESSAGES, 10, 4);
    let mut other = backchat_tests::inbox::process::Process::start(&config);
    other
        .wait_for("ready", std::time::Duration::from_mins(1))
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let closing = thread::spawn({
        let (stop, files) = (Arc::clone(&stop), files(&place));
        move || {
            while !stop.load(Ordering::Relaxed) {
                for file in &files {
                    drop(File::open(file));
                }
            }
        }
    });
    let reading = thread::spawn({
        let (stop, place) = (Arc::clone(&stop), Arc::clone(&place));
        move || {
            while !stop.load(Ordering::Relaxed) {
                rows(&place, &program);
            }
        }
    });
    for number in (0..MESSAGES).rev() {
        while inbox.receive(&inbound(number, 10), NO_HEADERS).await.status != 200 {
            tokio::task::yield_now().await;
        }
    }
    other
        .wait_for("done", std::time::Duration::from_mins(2))
        .await;
    stop.store(true, Ordering::Relaxed);
    closing.join().unwrap();
    reading.join().unwrap();
    let mut posts: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.json().unwrap()["reply_to"].to_string())
        .collect();
    posts.sort();
    let expected: Vec<_> = (0..MESSAGES)
        .map(|number| format!("\"{}\"", message_id(number)))
        .collect();
    assert_eq!(posts, expected);
    let counts = place.ledger().await.counts().await.unwrap();
    assert_eq!(counts, [(State::Sent, u64::from(MESSAGES))].into());
}
