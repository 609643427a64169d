//! One reply through `Client` against the same POST through bare reqwest.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backchat_core::{Client, Reply};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{Cores, count, cpu, line, measured, median, part_on};
use crate::Done;

const WARM_UP: usize = 200;
const REPLIES: usize = 10_000;
const ROUNDS: usize = 5;
const TEXT: &str = "Thanks for reaching out! We'll look into your request.";

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long)]
    client: Who,
    #[arg(long)]
    url: String,
    #[arg(long)]
    in_flight: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Who {
    Backchat,
    Reqwest,
}

/// What one process measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    microseconds: f64,
    connections: usize,
}

pub(super) fn report() -> Done {
    let stub = start_stub(Cores::One)?;
    println!(
        "\nclient CPU per reply ({WARM_UP} warm-ups, {REPLIES} replies, median of {ROUNDS}; one core for both sides)"
    );
    let address = stub.address.clone();
    for in_flight in [1, 4, 16, 32, 64] {
        let (mut ours, mut peer, mut connections) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let backchat = process(Cores::One, "backchat", &address, in_flight)?;
            ours.push(backchat.microseconds);
            connections = backchat.connections;
            peer.push(process(Cores::One, "reqwest", &address, in_flight)?.microseconds);
        }
        let name = format!("reply, {in_flight} in flight ({connections} connections)");
        line(&name, median(ours), median(peer), "µs", "reqwest", 1.3);
    }
    stub.stop()
}

pub(super) struct Stub {
    child: Child,
    pub(super) address: String,
}

impl Stub {
    pub(super) fn stop(mut self) -> Done {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// What a reply costs without an inbox, on the cores of the inbox's measurement.
pub(super) fn cpu_per_reply(url: &str) -> Result<f64, Box<dyn std::error::Error>> {
    Ok(process(Cores::Both, "backchat", url, 1)?.microseconds)
}

pub(super) fn start_stub(cores: Cores) -> Result<Stub, Box<dyn std::error::Error>> {
    let mut child = part_on(cores, &["stub"]).stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("the stub prints nothing")?;
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address)?;
    Ok(Stub {
        child,
        address: address.trim().to_owned(),
    })
}

fn process(
    cores: Cores,
    who: &str,
    url: &str,
    in_flight: usize,
) -> Result<Measured, Box<dyn std::error::Error>> {
    let in_flight = in_flight.to_string();
    measured(
        cores,
        &[
            "reply",
            "--client",
            who,
            "--url",
            url,
            "--in-flight",
            &in_flight,
        ],
    )
}

/// In a process of its own: sends the replies and prints what they cost.
pub(super) fn measure(options: &Options) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(async {
        match options.client {
            Who::Backchat => {
                let client = Client::builder()
                    .api_token("token")
                    .base_url(&options.url)
                    .build()?;
                rounds(options.in_flight, move || one_backchat(client.clone())).await
            }
            Who::Reqwest => {
                let client = bare_reqwest()?;
                let url = format!("{}/v2/notify/reply", options.url);
                rounds(options.in_flight, move || {
                    one_reqwest(client.clone(), url.clone())
                })
                .await
            }
        }
    })?;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

type Sent = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn rounds<F, R>(in_flight: usize, one: F) -> Result<Measured, Box<dyn std::error::Error>>
where
    F: Fn() -> R + Clone + Send + 'static,
    R: Future<Output = Sent> + Send + 'static,
{
    send(in_flight, WARM_UP.max(in_flight), one.clone()).await?;
    let before = cpu::used()?;
    send(in_flight, REPLIES, one).await?;
    let used = cpu::used()?.saturating_sub(before);
    Ok(Measured {
        microseconds: used.as_secs_f64() * 1e6 / count(REPLIES),
        connections: open_sockets()?,
    })
}

async fn send<F, R>(
    in_flight: usize,
    replies: usize,
    one: F,
) -> Result<(), Box<dyn std::error::Error>>
where
    F: Fn() -> R + Clone + Send + 'static,
    R: Future<Output = Sent> + Send + 'static,
{
    let left = Arc::new(AtomicUsize::new(replies));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (left, one) = (Arc::clone(&left), one.clone());
        workers.spawn(async move {
            while take(&left) {
                one().await?;
            }
            Sent::Ok(())
        });
    }
    for sent in workers.join_all().await {
        sent.map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
        .is_ok()
}

/// Connections of this process: established TCP sockets among its open files.
fn open_sockets() -> std::io::Result<usize> {
    let files = std::fs::read_dir("/proc/self/fd")?;
    let sockets = files
        .flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"));
    Ok(sockets.count())
}

async fn one_backchat(client: Client) -> Sent {
    let reply = Reply::parse("+33612345678", TEXT, "im_01k8aq2zggeyssvt53zgvpx63a")?;
    client.notify().reply(reply).await?;
    Ok(())
}

fn bare_reqwest() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()?)
}

/// The request and the answer as plain structs.
#[derive(Serialize)]
struct PlainRequest<'a> {
    to: &'a str,
    text: &'a str,
    reply_to: &'a str,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, as a caller would")]
struct PlainAnswer {
    id: String,
    to: String,
    text: String,
    reply_to: String,
    created_at: String,
    correlation_id: Option<String>,
}

async fn one_reqwest(client: reqwest::Client, url: String) -> Sent {
    let request = PlainRequest {
        to: "+33612345678",
        text: TEXT,
        reply_to: "im_01k8aq2zggeyssvt53zgvpx63a",
    };
    let answer = client
        .post(url)
        .bearer_auth("token")
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&request)?)
        .send()
        .await?;
    let _read: PlainAnswer = serde_json::from_slice(&answer.bytes().await?)?;
    Ok(())
}
