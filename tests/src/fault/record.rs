//! What a fault server received.

use std::{collections::BTreeMap, io, time::Duration};

use serde::{Serialize, Serializer};
use tokio::{sync::watch, time::timeout};

use super::request::Head;

/// One request, whole or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Received {
    /// The TCP connection it came on. Two requests with the same number shared one.
    pub connection: u64,
    /// The method; empty if the head never became whole.
    pub method: String,
    /// The path with its query; empty if the head never became whole.
    pub path: String,
    /// The header lines as they came.
    pub headers: Vec<(String, String)>,
    /// The body, or as much of it as came. In JSON a string.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
    /// Whether the head and the whole body arrived.
    pub complete: bool,
}

/// How much a fault server received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Whole requests, of any method.
    pub posts: usize,
    /// TCP connections that were accepted.
    pub connections: usize,
    /// Those of them that are still open, also from before a reset.
    pub open_connections: usize,
}

impl Received {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_slice(&self.body)
    }
}

fn as_text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

#[derive(Default)]
struct Log {
    requests: BTreeMap<u64, Received>,
    last_number: u64,
    connections: usize,
    open_connections: usize,
    last_connection: u64,
}

impl Log {
    fn counts(&self) -> Counts {
        Counts {
            posts: self
                .requests
                .values()
                .filter(|request| request.complete)
                .count(),
            connections: self.connections,
            open_connections: self.open_connections,
        }
    }
}

/// The record of one server; clones share it.
#[derive(Clone, Default)]
pub(super) struct Record {
    log: watch::Sender<Log>,
}

impl Record {
    pub(super) fn counts(&self) -> Counts {
        self.log.borrow().counts()
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        self.log.borrow().requests.values().cloned().collect()
    }

    /// Forgets all but the open connections. A request that is on its way is forgotten too.
    pub(super) fn clear(&self) {
        self.log.send_modify(|log| {
            log.requests.clear();
            log.connections = 0;
        });
    }

    pub(super) async fn wait_for_posts(&self, posts: usize, longest: Duration) -> io::Result<()> {
        let mut log = self.log.subscribe();
        let enough = log.wait_for(|log| log.counts().posts >= posts);
        if matches!(timeout(longest, enough).await, Ok(Ok(_))) {
            return Ok(());
        }
        let some = self.counts().posts;
        let message = format!("{some} of {posts} requests arrived in {longest:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, message))
    }

    pub(super) fn connection_opens(&self) -> OpenConnection {
        let mut number = 0;
        self.log.send_modify(|log| {
            log.connections += 1;
            log.open_connections += 1;
            log.last_connection += 1;
            number = log.last_connection;
        });
        OpenConnection {
            record: self.clone(),
            number,
        }
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Received)) {
        self.log.send_modify(|log| {
            log.requests.get_mut(&number).map(change);
        });
    }
}

/// A connection that counts as open until this is dropped.
pub(super) struct OpenConnection {
    record: Record,
    number: u64,
}

impl OpenConnection {
    pub(super) fn request_begins(&self) -> Entry {
        let connection = self.number;
        let mut number = 0;
        self.record.log.send_modify(|log| {
            log.last_number += 1;
            number = log.last_number;
            log.requests.insert(
                number,
                Received {
                    connection,
                    ..Received::default()
                },
            );
        });
        Entry {
            record: self.record.clone(),
            number,
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.record.log.send_modify(|log| log.open_connections -= 1);
    }
}

/// The entry of one request, filled in as its parts arrive.
pub(super) struct Entry {
    record: Record,
    number: u64,
}

impl Entry {
    /// The request's number, from 1 on; also after a reset no number comes twice.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn head(&self, head: &Head) {
        let Head {
            method,
            path,
            headers,
        } = head.clone();
        self.record.change(self.number, |request| {
            (request.method, request.path, request.headers) = (method, path, headers);
        });
    }

    pub(super) fn body(&self, body: &[u8], complete: bool) {
        self.record.change(self.number, |request| {
            request.body = body.to_vec();
            request.complete = complete;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_requests_are_posts() {
        let record = Record::default();
        let connection = record.connection_opens();
        connection.request_begins().body(b"ha", false);
        connection.request_begins().body(b"whole", true);
        assert_eq!(
            record.counts(),
            Counts {
                posts: 1,
                connections: 1,
                open_connections: 1
            }
        );
        assert_eq!(record.requests()[0].body, b"ha");
        drop(connection);
        assert_eq!(record.counts().open_connections, 0);
    }

    #[test]
    fn what_began_before_a_reset_is_forgotten() {
        let record = Record::default();
        let connection = record.connection_opens();
        let entry = connection.request_begins();
        record.clear();
        entry.body(b"late", true);
        assert_eq!(record.requests(), []);
        assert_eq!(
            record.counts(),
            Counts {
                posts: 0,
                connections: 0,
                open_connections: 1
            }
        );
    }

    #[tokio::test]
    async fn waiting_ends_with_the_request_or_says_how_many_came() {
        let record = Record::default();
        let connection = record.connection_opens();
        let short = Duration::from_millis(20);
        let error = record.wait_for_posts(1, short).await.unwrap_err();
        assert_eq!(error.to_string(), "0 of 1 requests arrived in 20ms");
        let (waited, ()) = tokio::join!(record.wait_for_posts(1, Duration::from_secs(5)), async {
            connection.request_begins().body(b"", true);
        });
        waited.unwrap();
    }

    #[test]
    fn json_shows_the_body_as_text() {
        let received = Received {
            body: b"{\"a\":1}".to_vec(),
            ..Received::default()
        };
        let shown = serde_json::to_value(&received).unwrap();
        assert_eq!(shown["body"], "{\"a\":1}");
        assert_eq!(received.json().unwrap()["a"], 1);
    }
}
