//! A listening socket on 127.0.0.1 that plays a script on every connection.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use super::{
    Counts, Received, Step, TlsFault,
    certificates::Authority,
    connection::{Shared, serve},
    tls::Security,
};

/// A server that plays any network fault on request. It stops, with all connections, on drop.
pub struct FaultServer {
    url: String,
    shared: Arc<Shared>,
    authority: Authority,
    listeners: Mutex<Vec<Listener>>,
}

impl FaultServer {
    /// Listens with plain http on a free port.
    pub async fn start() -> io::Result<Self> {
        Self::new("http", |_| Ok(Security::Plain)).await
    }

    /// Listens with TLS on a free port.
    pub async fn start_tls(kind: TlsFault) -> io::Result<Self> {
        Self::new("https", |authority| Security::new(kind, authority)).await
    }

    async fn new(
        scheme: &str,
        security: impl FnOnce(&Authority) -> io::Result<Security>,
    ) -> io::Result<Self> {
        let authority = Authority::new("Backchat test authority")?;
        let shared = Arc::new(Shared::default());
        let listener = Listener::start(Arc::clone(&shared), security(&authority)?).await?;
        Ok(Self {
            url: format!("{scheme}://{}", listener.address),
            shared,
            authority,
            listeners: Mutex::new(vec![listener]),
        })
    }

    /// Listens on one more port, with TLS; the script and the counts are shared. Returns its URL.
    pub async fn add_tls(&self, kind: TlsFault) -> io::Result<String> {
        let security = Security::new(kind, &self.authority)?;
        let listener = Listener::start(Arc::clone(&self.shared), security).await?;
        let url = format!("https://{}", listener.address);
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
        Ok(url)
    }

    /// The base URL, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate of the authority that signs this server's certificates.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Sets the steps of the next requests, in order, in place of those that were left.
    pub fn script(&self, steps: Vec<Step>) {
        self.shared.script.replace(steps);
    }

    /// Sets the step for when the script is empty.
    pub fn set_default(&self, step: Step) {
        self.shared.script.set_default(step);
    }

    /// Every request of which a byte was read, in the order in which they began.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.record.requests()
    }

    /// How much was received.
    pub fn counts(&self) -> Counts {
        self.shared.record.counts()
    }

    /// How many whole requests were received.
    pub fn posts(&self) -> usize {
        self.counts().posts
    }

    /// How many TCP connections were accepted.
    pub fn connections(&self) -> usize {
        self.counts().connections
    }

    /// How many of them are still open.
    pub fn open_connections(&self) -> usize {
        self.counts().open_connections
    }

    /// Waits until so many whole requests were received; after `longest`, an error says how many.
    pub async fn wait_for_posts(&self, posts: usize, longest: Duration) -> io::Result<()> {
        self.shared.record.wait_for_posts(posts, longest).await
    }

    /// Empties the script and the record and restores the default step. Connections stay open.
    pub fn reset(&self) {
        self.shared.script.clear();
        self.shared.record.clear();
    }
}

impl fmt::Debug for FaultServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("FaultServer");
        shown
            .field("url", &self.url)
            .field("counts", &self.counts());
        shown.finish_non_exhaustive()
    }
}

struct Listener {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listener {
    async fn start(shared: Arc<Shared>, security: Security) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept_all(listener, shared, Arc::new(security)));
        Ok(Self { address, task })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_all(listener: TcpListener, shared: Arc<Shared>, security: Arc<Security>) {
    // The connections end with this set, and the set with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    connections.spawn(play(Arc::clone(&shared), tcp, Arc::clone(&security)));
                }
                // Out of file descriptors: they come back when connections end.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn play(shared: Arc<Shared>, tcp: TcpStream, security: Arc<Security>) {
    // An error means that the client went away, which is its right.
    let _ = serve(&shared, tcp, &security).await;
}
