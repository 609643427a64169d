//! Connections to the API: one pool for each process that uses the client.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::connections::{Connections, Limit};
use super::retry::Budget;
use super::tls::{self, TrustStore};
use crate::Error;
use crate::fork::Working;

/// An idle connection is closed before the servers and load balancers on the way do it (60 s is
/// common): a POST on a connection that is being closed ends as `maybe_sent`.
const IDLE: Duration = Duration::from_secs(30);

/// How connections are made.
#[derive(Clone)]
pub(super) struct TransportOptions {
    pub(super) connect_timeout: Duration,
    pub(super) max_connections: usize,
    pub(super) loopback: bool,
    pub(super) proxy: Option<reqwest::Proxy>,
    pub(super) trust_store: TrustStore,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// What belongs to one process: after `fork`, a child must not touch its parent's.
pub(super) struct Transport {
    pub(super) process: u32,
    pub(super) http: reqwest::Client,
    pub(super) connections: Arc<Connections>,
    pub(super) budget: Budget,
}

impl Transport {
    pub(super) fn new(options: &TransportOptions) -> Result<Self, Error> {
        let _working = Working::begin();
        let connections = Arc::new(Connections::new(
            options.max_connections,
            options.connect_timeout,
        ));
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(options.trust_store, &options.certificates)?)
            .http1_only()
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(options.connect_timeout)
            .connector_layer(Limit(Arc::clone(&connections)))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(options.max_connections);
        if options.loopback {
            builder = builder.no_proxy();
        } else if let Some(proxy) = &options.proxy {
            builder = builder.proxy(proxy.clone());
        }
        Ok(Self {
            process: std::process::id(),
            http: builder
                .build()
                .map_err(|e| Error::configuration("client", e.to_string()))?,
            connections,
            budget: Budget::new(),
        })
    }
}
