//! Makes connections: names, TCP with happy eyeballs, proxies, TLS, all within one time limit.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::Url;

use super::cause::{BoxError, is_timeout, is_tls, root_cause};
use super::proxy::{Proxy, Route};
use super::resolve::Resolver;
use super::socket::{Socket, Wire};
use crate::{Error, ErrorCode};

/// A dead peer is noticed after a minute, as by most HTTP clients.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;
/// How long bytes may stay unacknowledged.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

pub(super) struct Connector {
    dial: Dial,
    origin: Uri,
    /// The name that the API's certificate must have; `None` for http.
    name: Option<ServerName<'static>>,
    pub(super) route: Route,
    user_agent: HeaderValue,
    limit: Duration,
}

/// Why there is no connection.
pub(super) struct Unconnected {
    pub(super) code: ErrorCode,
    pub(super) detail: String,
}

impl Connector {
    /// `base_url` has a host and is http or https.
    pub(super) fn new(
        base_url: &Url,
        tls: ClientConfig,
        route: impl FnOnce(&Uri) -> Result<Route, Error>,
        user_agent: HeaderValue,
        limit: Duration,
    ) -> Result<Self, Error> {
        let wrong = |why: &str| Error::configuration("base_url", why);
        let origin: Uri = base_url[..url::Position::BeforePath]
            .parse()
            .map_err(|_| wrong("has a host that cannot be connected to"))?;
        let name = match base_url.scheme() {
            "https" => Some(server_name(&origin).map_err(|_| {
                wrong("has a host that is no DNS name and no address: no certificate can name it")
            })?),
            _ => None,
        };
        Ok(Self {
            dial: Dial {
                tcp: tcp(limit),
                tls: Arc::new(tls).into(),
            },
            route: route(&origin)?,
            origin,
            name,
            user_agent,
            limit,
        })
    }

    /// Makes a connection that requests can be written to.
    pub(super) async fn connect(&self) -> Result<Wire, Unconnected> {
        match timeout(self.limit, self.open()).await {
            Ok(Ok(wire)) => Ok(wire),
            Ok(Err(error)) => Err(Unconnected::because(&*error)),
            Err(_elapsed) => Err(Unconnected {
                code: ErrorCode::TimedOut,
                detail: format!("no connection was made within {:?}", self.limit),
            }),
        }
    }

    async fn open(&self) -> Result<Wire, BoxError> {
        let wire = match &self.route {
            Route::Direct => self.dial.tcp(self.origin.clone()).await?,
            Route::Forward(proxy) => self.dial.connect(proxy.uri.clone()).await?,
            Route::Tunnel(proxy) => self.tunnel(proxy).await?,
        };
        match &self.name {
            Some(name) => Ok(Box::new(self.dial.tls.connect(name.clone(), wire).await?)),
            None => Ok(wire),
        }
    }

    async fn tunnel(&self, proxy: &Proxy) -> Result<Wire, BoxError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, self.user_agent.clone());
        let mut tunnel = Tunnel::new(proxy.uri.clone(), self.dial.clone()).with_headers(headers);
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Ok(tunnel.call(self.origin.clone()).await?.into_inner())
    }
}

impl Unconnected {
    pub(super) fn because(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            code: if is_tls(error) {
                ErrorCode::TlsFailed
            } else if is_timeout(error) {
                ErrorCode::TimedOut
            } else {
                ErrorCode::ConnectionFailed
            },
            detail: root_cause(error),
        }
    }
}

/// Connects to a URL's host: TCP, and TLS when it is https.
#[derive(Clone)]
struct Dial {
    tcp: HttpConnector<Resolver>,
    tls: TlsConnector,
}

impl Dial {
    async fn tcp(&self, to: Uri) -> Result<Wire, BoxError> {
        let tcp = self.tcp.clone().call(to).await?;
        Ok(Box::new(Socket::new(tcp.into_inner())))
    }

    async fn connect(&self, to: Uri) -> Result<Wire, BoxError> {
        let name = match to.scheme_str() {
            Some("https") => Some(server_name(&to)?),
            _ => None,
        };
        let wire = self.tcp(to).await?;
        match name {
            Some(name) => Ok(Box::new(self.tls.connect(name, wire).await?)),
            None => Ok(wire),
        }
    }
}

/// The way to a proxy, as [`Tunnel`] wants it.
impl Service<Uri> for Dial {
    type Response = TokioIo<Wire>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.connect(to).await.map(TokioIo::new) })
    }
}

fn tcp(limit: Duration) -> HttpConnector<Resolver> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Divided among a name's addresses: one that never answers leaves time for the next.
    tcp.set_connect_timeout(Some(limit));
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
    #[cfg(any(target_os = "android", target_os = "linux"))]
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    tcp
}

fn server_name(uri: &Uri) -> io::Result<ServerName<'static>> {
    let host = uri.host().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    ServerName::try_from(host.to_owned()).map_err(io::Error::other)
}
