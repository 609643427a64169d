//! Reading a request: a head, then a body of `Content-Length` bytes.

use std::io;

use tokio::io::AsyncReadExt as _;

use super::wire::Wire;

const LARGEST_HEAD: usize = 64 * 1024;

/// The bytes that arrived and belong to no request yet.
#[derive(Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Incoming {
    /// Waits until a request has begun; false when the client has closed instead.
    pub(super) async fn begins(&mut self, wire: &mut Wire) -> io::Result<bool> {
        Ok(!self.bytes.is_empty() || wire.read_buf(&mut self.bytes).await? > 0)
    }

    pub(super) async fn head(&mut self, wire: &mut Wire) -> io::Result<Head> {
        loop {
            if let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = Head::parse(&self.bytes[..end]);
                self.bytes.drain(..end + 4);
                return head.ok_or_else(|| io::Error::other("the request's head is not HTTP"));
            }
            if self.bytes.len() > LARGEST_HEAD {
                return Err(io::Error::other("the request's head is too large"));
            }
            self.more(wire).await?;
        }
    }

    /// Waits for a whole body.
    pub(super) async fn body(&mut self, wire: &mut Wire, length: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() < length {
            self.more(wire).await?;
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    /// What arrived of a body that never became whole.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    async fn more(&mut self, wire: &mut Wire) -> io::Result<()> {
        match wire.read_buf(&mut self.bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Head {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let head = Self {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            headers: lines.map(header).collect::<Option<_>>()?,
        };
        words.next()?.starts_with("HTTP/1.").then_some(head)
    }

    /// The head of a request that has yet to come.
    pub(super) fn reply() -> Self {
        Self {
            method: "POST".to_owned(),
            path: "/v2/notify/reply".to_owned(),
            headers: Vec::new(),
        }
    }

    /// The body's length; `None` where only the sender knows it (chunked), which is not read here.
    pub(super) fn body_length(&self) -> Option<usize> {
        if self.header("transfer-encoding").is_some() {
            return None;
        }
        let length = self.header("content-length");
        length.map_or(Some(0), |length| length.parse().ok())
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(value)
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_request_line_and_headers() {
        let head = Head::parse(b"POST /a?b HTTP/1.1\r\nHost: x:1\r\nContent-Length: 12").unwrap();
        assert_eq!((head.method.as_str(), head.path.as_str()), ("POST", "/a?b"));
        assert_eq!(head.headers[0], ("Host".to_owned(), "x:1".to_owned()));
        assert_eq!(head.body_length(), Some(12));
    }

    #[test]
    fn what_is_not_http_is_no_head() {
        for bytes in [
            &b"POST /"[..],
            b"",
            b"POST / HTTP/1.1\r\nnonsense",
            b"\xff / HTTP/1.1",
        ] {
            assert_eq!(Head::parse(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn without_a_length_there_is_no_body_and_chunked_is_not_known() {
        let without = Head::parse(b"GET / HTTP/1.1").unwrap();
        assert_eq!(without.body_length(), Some(0));
        let chunked = Head::parse(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked").unwrap();
        assert_eq!(chunked.body_length(), None);
    }
}
