//! One connection to the server, or to a pooler before it.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use backchat_core::StoreError;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Place, Target};
use super::failure;
use super::settings;

/// A connection; it is closed when it is dropped.
pub(super) struct Connection {
    pub(super) client: Client,
    /// For errors: `db.example.com:5432`.
    pub(super) host: Arc<str>,
    /// Whether the server's session is this connection's alone, with the settings that it asked for.
    /// Statements are prepared only then: in a session that is shared, others would see them.
    pub(super) own_session: bool,
    /// The prepared statements, by their numbers.
    pub(super) prepared: HashMap<usize, Statement>,
    /// The end of the last statement.
    pub(super) used: Instant,
    /// The last look at the ledger's version.
    pub(super) looked: Option<Instant>,
    _driver: Driver,
}

/// The task that reads and writes the socket.
struct Driver(JoinHandle<()>);

impl Driver {
    fn spawn<E>(connection: impl Future<Output = Result<(), E>> + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            // The next statement fails, and says so.
            let _ended = connection.await.is_ok();
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How to connect to one host.
pub(super) struct Connector<'a> {
    pub(super) tls: Option<&'a MakeRustlsConnect>,
    pub(super) schema: Option<&'a str>,
    /// Asks for a session of its own first.
    pub(super) own_session: bool,
}

impl Connector<'_> {
    /// Connects to `target`, by each of its addresses. `Err` says why not, for people.
    pub(super) async fn connect(
        &self,
        target: &Target,
        within: Duration,
    ) -> Result<Connection, String> {
        let addresses = resolve(target).await?;
        let share = within / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut why = format!("{} has no address", target.name);
        for address in addresses {
            let mut config = target.config.clone();
            if let Some(address) = address {
                config.hostaddr(address);
            }
            let given = config.get_connect_timeout().copied();
            config.connect_timeout(given.map_or(share, |given| given.min(share)));
            match self.log_in(&config, &target.name).await {
                Ok(connection) => return Ok(connection),
                Err(words) => why = words,
            }
        }
        Err(why)
    }

    async fn log_in(&self, config: &Config, host: &str) -> Result<Connection, String> {
        let words = |error| failure::of_connecting(host, &error);
        if !self.own_session {
            let (client, driver) = self.start(config).await.map_err(words)?;
            return Ok(connection(client, driver, host, false));
        }
        let mark = mark().map_err(|error| error.detail)?;
        let mut marked = config.clone();
        let options = settings::options(config.get_options(), self.schema, &mark);
        marked.options(options);
        match self.start(&marked).await {
            Ok((client, driver)) => {
                let kept = kept(&client).await.map_err(words)?;
                let own_session = kept.as_deref() == Some(mark.as_str());
                if !own_session && config.get_options().is_some() {
                    return Err(failure::ignored_options(host));
                }
                Ok(connection(client, driver, host, own_session))
            }
            Err(error) if failure::may_be_about_options(&error) => {
                let (client, driver) = self.start(config).await.map_err(words)?;
                Ok(connection(client, driver, host, false))
            }
            Err(error) => Err(words(error)),
        }
    }

    async fn start(&self, config: &Config) -> Result<(Client, Driver), tokio_postgres::Error> {
        Ok(match self.tls {
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                (client, Driver::spawn(connection))
            }
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                (client, Driver::spawn(connection))
            }
        })
    }
}

fn connection(client: Client, driver: Driver, host: &str, own_session: bool) -> Connection {
    Connection {
        client,
        host: host.into(),
        own_session,
        prepared: HashMap::new(),
        used: Instant::now(),
        looked: None,
        _driver: driver,
    }
}

/// The addresses to try; `None` is the socket that the configuration names.
async fn resolve(target: &Target) -> Result<Vec<Option<IpAddr>>, String> {
    match &target.place {
        Place::Socket(_) => Ok(vec![None]),
        Place::Ip(address) => Ok(vec![Some(*address)]),
        Place::Name(name) => {
            let found = tokio::net::lookup_host((name.as_str(), target.port)).await;
            let found = found.map_err(|e| failure::no_such_host(&target.name, &e))?;
            Ok(found.map(|address| Some(address.ip())).collect())
        }
    }
}

/// A value that no other session has.
fn mark() -> Result<String, StoreError> {
    let mut random = [0; 16];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| StoreError::new("the operating system gives no random bytes"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

/// The mark of the session that answers.
async fn kept(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let sql = format!("SELECT current_setting('{}', true)", settings::MARK);
    let row = client.query_typed_one(&sql, &[]).await?;
    row.try_get(0)
}
