//! The server of a case: scripted, or one that nobody gets through to.

use std::io;
use std::time::Duration;

use serde::Deserialize;

use crate::fault::{
    FaultServer, Received, Step, TlsFault, Unreachable, refused_address, silent_tls,
};

/// The server that a case asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Plays the case's answers.
    #[default]
    Scripted,
    /// Refuses every connection.
    Refused,
    /// Takes connections and never answers the TLS handshake.
    SilentTls,
    /// Plays the case's answers over TLS that has something wrong.
    Tls(TlsFault),
}

pub(super) enum Server {
    Listening(Box<FaultServer>, String),
    Nowhere(Unreachable),
}

impl Server {
    pub(super) async fn start(kind: Kind, answers: Vec<Step>) -> io::Result<Self> {
        let server = match kind {
            Kind::Refused => return Ok(Server::Nowhere(refused_address()?)),
            Kind::SilentTls => silent_tls().await?,
            Kind::Scripted | Kind::Tls(_) => FaultServer::start().await?,
        };
        let url = match kind {
            Kind::Tls(fault) => server.add_tls(fault).await?,
            _ => server.url().to_owned(),
        };
        server.script(answers);
        Ok(Server::Listening(Box::new(server), url))
    }

    pub(super) fn url(&self) -> String {
        match self {
            Server::Listening(_, url) => url.clone(),
            Server::Nowhere(address) => address.url(),
        }
    }

    /// The whole requests that it received. A POST that runs on after its call has ended gets a
    /// moment to arrive.
    pub(super) async fn received(&self, expected: usize) -> Vec<Received> {
        let Server::Listening(server, _) = self else {
            return Vec::new();
        };
        let late = Duration::from_secs(1);
        // Too few is not this function's to judge.
        let _ = server.wait_for_posts(expected, late).await;
        let mut requests = server.requests();
        requests.retain(|request| request.complete);
        requests
    }
}
