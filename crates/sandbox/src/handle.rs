//! The owner of a running sandbox: when it goes, the sandbox goes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::control::Controls;
use crate::shared::Shared;

/// A running sandbox. Dropping it stops the sandbox; [`Controls`] has what it can do.
#[derive(Debug)]
pub struct SandboxHandle {
    controls: Controls,
    address: SocketAddr,
    url: String,
    server: Option<JoinHandle<()>>,
}

impl SandboxHandle {
    pub(crate) fn new(shared: Arc<Shared>, address: SocketAddr, server: JoinHandle<()>) -> Self {
        // An address that stands for all of a machine's is none to connect to.
        let reachable = match address.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        Self {
            controls: Controls(shared),
            address,
            url: format!("http://{}", SocketAddr::new(reachable, address.port())),
            server: Some(server),
        }
    }

    /// `http://127.0.0.1:<port>`: the base URL for clients.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token for clients.
    pub fn token(&self) -> &str {
        &self.controls.0.config.token
    }

    /// The controls alone, for other tasks. They do not keep the sandbox running.
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Stops the sandbox and waits until its port is free and its connections are closed.
    pub async fn stop(mut self) {
        self.controls.0.stop();
        if let Some(server) = self.server.take()
            && let Err(error) = server.await
        {
            tracing::error!(%error, "the sandbox's server did not end well");
        }
    }
}

impl Deref for SandboxHandle {
    type Target = Controls;

    fn deref(&self) -> &Controls {
        &self.controls
    }
}

impl Drop for SandboxHandle {
    fn drop(&mut self) {
        self.controls.0.stop();
    }
}
