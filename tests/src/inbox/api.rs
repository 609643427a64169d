//! `POST /v2/notify/reply`, as cheap as it gets, with an answer for each message by itself.
//!
//! The fault server has one script for all requests and keeps each of them whole. Tens of thousands
//! of messages from eight processes need less of both: here a rule sees which message is answered,
//! and how often before, and what stays is the status that each POST was answered with.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How one POST is answered.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// The status; 200 comes with the body of Prelude.
    pub status: u16,
    /// How long it takes.
    pub after: Duration,
}

impl Verdict {
    /// A 200 at once.
    pub const YES: Self = Self {
        status: 200,
        after: Duration::ZERO,
    };
}

/// One POST.
#[derive(Clone, Debug)]
pub struct Post {
    /// The message that it answers.
    pub reply_to: String,
    /// To whom.
    pub to: String,
    /// What it was answered with.
    pub status: u16,
}

type Rule = dyn Fn(&str, usize) -> Verdict + Send + Sync;

/// A counting API on a free port. It ends with its value.
pub struct Api {
    /// The base URL.
    pub url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    rule: Box<Rule>,
    log: Mutex<Log>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Log {
    posts: Vec<Post>,
    per_message: HashMap<String, usize>,
}

impl Api {
    /// Starts it. `rule` gets the message's id and how many POSTs for it came before.
    pub async fn start(
        rule: impl Fn(&str, usize) -> Verdict + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            rule: Box::new(rule),
            log: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // An error means that the client went away, which is its right.
                tokio::spawn(async move { shared.serve(tcp).await });
            }
        });
        Ok(Self { url, shared, task })
    }

    /// Every POST, in the order in which they came.
    pub fn posts(&self) -> Vec<Post> {
        self.shared.log.lock().unwrap().posts.clone()
    }

    /// How many POSTs came.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// Waits until so many came, or `longest` has passed.
    pub async fn wait_for(&self, posts: usize, longest: Duration) -> bool {
        let mut count = self.shared.count.subscribe();
        let enough = count.wait_for(|count| *count >= posts);
        matches!(tokio::time::timeout(longest, enough).await, Ok(Ok(_)))
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn serve(&self, mut tcp: TcpStream) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        let mut bytes = Vec::with_capacity(4096);
        loop {
            let body = loop {
                if let Some((head, length)) = whole(&bytes) {
                    let rest = bytes.split_off(head + length);
                    let mut request = std::mem::replace(&mut bytes, rest);
                    break request.split_off(head);
                }
                if tcp.read_buf(&mut bytes).await? == 0 {
                    return Ok(());
                }
            };
            let body: Value = serde_json::from_slice(&body)?;
            let (number, verdict) = self.count(&body);
            tokio::time::sleep(verdict.after).await;
            tcp.write_all(&answer(verdict.status, &body, number))
                .await?;
        }
    }

    fn count(&self, body: &Value) -> (usize, Verdict) {
        let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let reply_to = field("reply_to");
        let mut log = self.log.lock().unwrap();
        let before = log.per_message.entry(reply_to.clone()).or_default();
        let verdict = (self.rule)(&reply_to, *before);
        *before += 1;
        log.posts.push(Post {
            reply_to,
            to: field("to"),
            status: verdict.status,
        });
        let number = log.posts.len();
        drop(log);
        self.count.send_modify(|count| *count = number.max(*count));
        (number, verdict)
    }
}

/// The lengths of head and body, once both are there.
fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = lines
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    (bytes.len() >= head + length).then_some((head, length))
}

fn answer(status: u16, request: &Value, number: usize) -> Vec<u8> {
    let body = if status == 200 {
        json!({
            "id": format!("tx_{number:026}"),
            "to": request["to"],
            "text": request["text"],
            "reply_to": request["reply_to"],
            "correlation_id": request["correlation_id"],
            "created_at": Timestamp::now().to_string(),
        })
        .to_string()
    } else {
        String::new()
    };
    format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
