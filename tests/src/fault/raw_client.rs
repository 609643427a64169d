//! A client that is only a socket, to see what really is on the wire.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long something that must happen is waited for.
const LONGEST: Duration = Duration::from_secs(8);
/// How long nothing must happen.
const SILENCE: Duration = Duration::from_millis(500);

pub(super) const REQUEST: &str = "POST /v2/notify/reply HTTP/1.1\r\nHost: x\r\n\
    Content-Length: 27\r\n\r\n{\"text\":\"Hi\",\"to\":\"+33612\"}";

pub(super) struct RawClient {
    tcp: TcpStream,
    seen: Vec<u8>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Rst,
    Silence,
}

impl RawClient {
    pub(super) async fn connect(url: &str) -> Self {
        let address = url.split_once("://").unwrap().1;
        let tcp = TcpStream::connect(address).await.unwrap();
        Self {
            tcp,
            seen: Vec::new(),
        }
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.tcp.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a whole request and reads one answer with a content-length.
    pub(super) async fn post(&mut self) -> String {
        self.send(REQUEST).await;
        self.answer().await
    }

    pub(super) async fn answer(&mut self) -> String {
        loop {
            if let Some(length) = whole(&self.seen) {
                return text(self.seen.drain(..length).collect());
            }
            self.more().await;
        }
    }

    /// Reads on until the connection ends in this way; gives back all that came.
    pub(super) async fn until(&mut self, expected: End) -> String {
        let patience = match expected {
            End::Silence => SILENCE,
            End::Fin | End::Rst => LONGEST,
        };
        loop {
            let end = match timeout(patience, self.tcp.read_buf(&mut self.seen)).await {
                Ok(Ok(0)) => End::Fin,
                Ok(Ok(_)) => continue,
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => End::Rst,
                Ok(Err(error)) => panic!("neither FIN nor RST: {error}"),
                Err(_) => End::Silence,
            };
            let seen = text(std::mem::take(&mut self.seen));
            assert_eq!(end, expected, "after {seen:?}");
            return seen;
        }
    }

    /// Reads on until these bytes came; gives back all that came.
    pub(super) async fn through(&mut self, last: &str) -> String {
        while !self.seen.ends_with(last.as_bytes()) {
            self.more().await;
        }
        text(std::mem::take(&mut self.seen))
    }

    async fn more(&mut self) {
        let read = timeout(LONGEST, self.tcp.read_buf(&mut self.seen)).await;
        let read = read
            .expect("nothing came in time")
            .expect("an open connection");
        assert!(read > 0, "a FIN within an answer");
    }
}

fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let lines = text(bytes[..head].to_vec());
    let length = lines.split_once("content-length: ").expect("a length").1;
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    (bytes.len() >= head + length).then_some(head + length)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
