//! HTTP/1.1 to one API: connections of our own, each looked at before a request's first byte.

mod body;
mod cause;
mod connect;
mod connection;
mod exchange;
mod keeper;
mod pool;
pub(super) mod proxy;
mod resolve;
mod send;
mod socket;
mod stream;
pub(super) mod tls;

use std::sync::Arc;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Uri};
use rustls::pki_types::CertificateDer;
use url::Url;

pub(super) use exchange::Permit;
pub(super) use pool::Pool;
pub(super) use send::{Answer, Cut, Failed, Heard, Outgoing};
use tls::TrustStore;

use super::endpoint::Endpoint;
use super::retry::Budget;
use crate::Error;
use crate::fork::Working;
use connect::Connector;
use proxy::Route;

/// How connections are made.
#[derive(Clone)]
pub(super) struct TransportOptions {
    pub(super) base_url: Url,
    pub(super) connect_timeout: Duration,
    pub(super) max_connections: usize,
    pub(super) loopback: bool,
    pub(super) proxy: Option<Url>,
    pub(super) user_agent: HeaderValue,
    pub(super) trust_store: TrustStore,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// The state that belongs to one process: after `fork`, a child must not touch its parent's.
pub(super) struct Transport {
    pub(super) process: u32,
    pub(super) pool: Arc<Pool>,
    connector: Connector,
    pub(super) budget: Budget,
}

impl Transport {
    pub(super) fn new(options: &TransportOptions) -> Result<Self, Error> {
        let _working = Working::begin();
        let connector = Connector::new(
            &options.base_url,
            tls::config(options.trust_store, &options.certificates)?,
            |origin| Route::new(origin, options.loopback, options.proxy.as_ref()),
            options.user_agent.clone(),
            options.connect_timeout,
        )?;
        Ok(Self {
            process: std::process::id(),
            pool: Arc::new(Pool::new(options.max_connections)),
            connector,
            budget: Budget::new(),
        })
    }

    /// The target as it stands in the request line: a path, or to a proxy the whole URL.
    fn target(&self, endpoint: &Endpoint) -> Uri {
        match self.connector.route.forward() {
            None => endpoint.path.clone(),
            // A URL that has been parsed is a URI; a path alone is what a proxy would refuse.
            Some(_) => endpoint
                .url
                .as_str()
                .parse()
                .unwrap_or_else(|_| endpoint.path.clone()),
        }
    }

    fn add_proxy_headers(&self, headers: &mut HeaderMap) {
        let proxy = self.connector.route.forward();
        if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization.clone()) {
            headers.insert(PROXY_AUTHORIZATION, authorization);
        }
    }
}
