//! Lines for stderr, which a thread of their own writes: a pipe that nobody reads holds up nothing else.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use napi_derive::napi;

/// The number of lines that may wait.
const MOST: usize = 1_000;

/// The time between two tries at a pipe or a queue that is full.
const PAUSE: Duration = Duration::from_millis(10);

static QUEUE: OnceLock<SyncSender<Entry>> = OnceLock::new();
/// The lines that did not fit since the last that did.
static LOST: AtomicU64 = AtomicU64::new(0);

enum Entry {
    Line(Vec<u8>),
    /// Everything before it is written.
    Written(SyncSender<()>),
}

/// A line for `DEBUG=backchat`.
#[napi]
pub fn print_line(line: String) {
    let mut line = line.into_bytes();
    line.push(b'\n');
    print(line);
}

/// Hands `line`, with its end, to the writer. One that finds no room is lost, and counted.
fn print(line: Vec<u8>) {
    if !say_lost() || !put(Entry::Line(line)) {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until all lines are written, no longer than `limit`.
pub(crate) fn flush(limit: Duration) {
    if QUEUE.get().is_none() {
        return;
    }
    let end = Instant::now() + limit;
    let (written, waiting) = mpsc::sync_channel(1);
    while !(say_lost() && put(Entry::Written(written.clone()))) {
        if Instant::now() >= end {
            return;
        }
        thread::sleep(PAUSE);
    }
    // After the limit the rest stays unwritten.
    let _in_time = waiting.recv_timeout(end.saturating_duration_since(Instant::now()));
}

/// Says how many lines were lost, if any were. `false`: there is no room for that either.
fn say_lost() -> bool {
    let lost = LOST.swap(0, Ordering::Relaxed);
    if lost == 0 {
        return true;
    }
    let line = format!("backchat: {lost} log lines were lost: stderr was not read\n");
    let fits = put(Entry::Line(line.into_bytes()));
    if !fits {
        LOST.fetch_add(lost, Ordering::Relaxed);
    }
    fits
}

fn put(entry: Entry) -> bool {
    let queue = QUEUE.get_or_init(|| {
        let (queue, entries) = mpsc::sync_channel(MOST);
        let writer = thread::Builder::new().name("backchat-stderr".to_owned());
        // Without the thread every line is lost.
        let _started = writer.spawn(move || write(&entries));
        queue
    });
    queue.try_send(entry).is_ok()
}

fn write(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Line(line) => write_all(&line),
            Entry::Written(waiting) => drop(waiting.try_send(())),
        }
    }
}

fn write_all(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match io::stderr().write(bytes) {
            Ok(0) => return,
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Node does not let its pipes block.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => return,
        }
    }
}

/// For `tracing`, which writes each line whole.
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        print(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
