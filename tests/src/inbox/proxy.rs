//! A TCP proxy between the inbox and its Postgres, for every way in which a database goes away.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How the connection to the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// All bytes pass.
    Fine,
    /// Open connections are reset, new ones too.
    Down,
    /// Nothing passes, and nothing is closed.
    Stalled,
    /// What is asked passes. The answer does not, and its connection is reset; new ones too.
    AnswerLost,
    /// What is asked passes. No answer ever comes, and nothing is closed.
    AnswerStalled,
}

/// A proxy on a free port. It ends, with its connections, with its value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy to the server of this URL, and the URL that goes through it.
    pub async fn to(url: &str) -> io::Result<(Self, String)> {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
        let server = rest[start..end].to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let weather = watch::Sender::new(Weather::Fine);
        let forecast = weather.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, server.clone(), forecast.clone()));
            }
        });
        let through = format!("{scheme}://{}{address}{}", &rest[..start], &rest[end..]);
        let proxy = Self {
            address,
            weather,
            task,
        };
        Ok((proxy, through))
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// A setter, for hooks.
    pub fn setter(&self) -> impl Fn(Weather) + Send + Sync + Clone + 'static {
        let sender = self.weather.clone();
        move |weather| {
            sender.send_replace(weather);
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection until it ends; then it is reset.
async fn pass(
    mut client: TcpStream,
    server: String,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
    if matches!(now(&mut weather), Weather::Down | Weather::AnswerLost) {
        return Ok(());
    }
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut answered) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let current = now(&mut weather);
        if current == Weather::Down {
            return Ok(());
        }
        let open = current != Weather::Stalled;
        tokio::select! {
            length = client.read(&mut asked), if open => match length? {
                0 => return Ok(()),
                length => server.write_all(&asked[..length]).await?,
            },
            length = server.read(&mut answered), if open => match (length?, now(&mut weather)) {
                (0, _) | (_, Weather::AnswerLost | Weather::Down) => return Ok(()),
                (length, Weather::Fine) => client.write_all(&answered[..length]).await?,
                (_, Weather::AnswerStalled | Weather::Stalled) => {}
            },
            changed = weather.changed() => if changed.is_err() {
                return Ok(());
            },
        }
    }
}

fn now(weather: &mut watch::Receiver<Weather>) -> Weather {
    *weather.borrow_and_update()
}
