//! A TCP proxy that goes silent at a chosen message of Postgres's protocol.
//!
//! From then on nothing passes, on no connection; new ones are taken and not served. After
//! [`StallingProxy::heal`] new connections pass. The old ones stay silent for ever, as behind a firewall
//! that has forgotten them; the server learns that those clients are lost.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::database::address;

/// What counts as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One message of the protocol.
    Message,
    /// Whatever one read gives: for TLS, where messages cannot be seen.
    Chunk,
}

/// The proxy. It ends, with its connections, with its value.
#[derive(Debug)]
pub struct StallingProxy {
    url: String,
    state: Arc<Mutex<State>>,
    healed: watch::Sender<usize>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    passed: usize,
    silent_from: Option<usize>,
    silent: bool,
    /// Healings so far: a connection belongs to the one before it.
    epoch: usize,
}

impl StallingProxy {
    /// A proxy to the server of `url`, silent once so many messages have passed; `None`: never.
    pub async fn to(url: &str, unit: Unit, silent_from: Option<usize>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let here = listener.local_addr()?.to_string();
        let server = address(url).to_owned();
        let state = Arc::new(Mutex::new(State {
            passed: 0,
            silent_from,
            silent: silent_from == Some(0),
            epoch: 0,
        }));
        let shared = Arc::clone(&state);
        let (healed, healing) = watch::channel(0);
        let through = url.replacen(&server, &here, 1);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let gate = Gate {
                    epoch: shared.lock().unwrap().epoch,
                    state: Arc::clone(&shared),
                    healing: healing.clone(),
                };
                connections.spawn(pass(client, server.clone(), unit, gate));
            }
        });
        Ok(Self {
            url: through,
            state,
            healed,
            task,
        })
    }

    /// The URL that goes through it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The messages that have passed.
    pub fn passed(&self) -> usize {
        self.state.lock().unwrap().passed
    }

    /// Whether it has gone silent.
    pub fn is_silent(&self) -> bool {
        self.state.lock().unwrap().silent
    }

    /// Goes silent now.
    pub fn stall(&self) {
        self.state.lock().unwrap().silent = true;
    }

    /// Lets new connections pass.
    pub fn heal(&self) {
        let mut state = self.state.lock().unwrap();
        state.silent = false;
        state.silent_from = None;
        state.epoch += 1;
        self.healed.send_replace(state.epoch);
    }
}

impl Drop for StallingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What every message of a connection has to pass.
#[derive(Clone)]
struct Gate {
    state: Arc<Mutex<State>>,
    epoch: usize,
    healing: watch::Receiver<usize>,
}

impl Gate {
    /// Counts a message, or ends when the proxy has healed: this connection is lost.
    async fn pass(&self) -> io::Result<()> {
        let open = {
            let mut state = self.state.lock().unwrap();
            let open = !state.silent && state.epoch == self.epoch;
            state.passed += usize::from(open);
            state.silent |= open && state.silent_from == Some(state.passed);
            open
        };
        if open {
            return Ok(());
        }
        let mut healing = self.healing.clone();
        let healed = healing.wait_for(|epoch| *epoch > self.epoch).await;
        healed.map_err(io::Error::other)?;
        Err(io::ErrorKind::TimedOut.into())
    }
}

async fn pass(client: TcpStream, server: String, unit: Unit, gate: Gate) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asked = async {
        let mut begun = false;
        loop {
            let message = match unit {
                Unit::Chunk => chunk(&mut from_client).await?,
                Unit::Message => message(&mut from_client, begun).await?,
            };
            // What asks for TLS is answered by a byte, and the first message comes then.
            begun |= message.get(4..8) != Some(SSL_REQUEST.as_slice());
            gate.pass().await?;
            to_server.write_all(&message).await?;
        }
    };
    let answered = async {
        let mut begun = false;
        loop {
            let message = match unit {
                Unit::Chunk => chunk(&mut from_server).await?,
                Unit::Message if begun => message(&mut from_server, true).await?,
                Unit::Message => first_answer(&mut from_server).await?,
            };
            begun |= message.len() > 1;
            gate.pass().await?;
            to_client.write_all(&message).await?;
        }
    };
    // One side's end is the other's, but for a client that was lost: it hears nothing.
    let ended: io::Result<()> = tokio::select! {
        ended = asked => ended,
        ended = answered => ended,
    };
    if ended
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
    {
        drop((from_server, to_server));
        std::future::pending::<()>().await;
    }
    ended
}

const SSL_REQUEST: [u8; 4] = [0x04, 0xd2, 0x16, 0x2f];

async fn chunk(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 16 * 1024];
    let length = from.read(&mut bytes).await?;
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// A length that counts itself, and the rest; before it a letter, but in the first message.
async fn message(from: &mut (impl AsyncRead + Unpin), lettered: bool) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4 + usize::from(lettered)];
    from.read_exact(&mut bytes).await?;
    rest(from, bytes).await
}

/// `N`, for no TLS, or a message.
async fn first_answer(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 1];
    from.read_exact(&mut bytes).await?;
    if bytes == b"N" {
        return Ok(bytes);
    }
    bytes.resize(5, 0);
    from.read_exact(&mut bytes[1..]).await?;
    rest(from, bytes).await
}

async fn rest(from: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let head = bytes.len();
    let length = bytes
        .last_chunk::<4>()
        .map_or(0, |four| u32::from_be_bytes(*four));
    let length = usize::try_from(length).map_err(io::Error::other)?;
    bytes.resize(head + length.saturating_sub(4), 0);
    from.read_exact(&mut bytes[head..]).await?;
    Ok(bytes)
}
