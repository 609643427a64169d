//! One TCP connection: requests are read and recorded, then their steps are played.

use std::{io, time::Duration};

use jiff::Timestamp;
use tokio::{net::TcpStream, time::timeout};

use super::{
    AgainAt, AnswerAt, Fault, Framing, Point, Step, Then,
    answer::Answer,
    pace::{pause, pause_us, send},
    record::{OpenConnection, Record},
    request::{Head, Incoming},
    script::Script,
    tls::Security,
    wire::{Wire, close, reset},
};

/// Added to a request's number, it gives the ids of second answers.
const SECOND: u64 = 1 << 32;

/// What all connections of a server share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) script: Script,
    pub(super) record: Record,
}

/// Plays the script on one accepted connection, until one side ends it.
pub(super) async fn serve(shared: &Shared, tcp: TcpStream, security: &Security) -> io::Result<()> {
    let open = shared.record.connection_opens();
    tcp.set_nodelay(true)?;
    if let Some(fault) = shared.script.fault_at_accept() {
        return fault.play(Box::new(tcp)).await;
    }
    let Some(wire) = security.handshake(tcp).await? else {
        return Ok(());
    };
    let connection = Connection {
        shared,
        open,
        wire,
        incoming: Incoming::default(),
        owed: None,
    };
    connection.run().await
}

struct Connection<'a> {
    shared: &'a Shared,
    open: OpenConnection,
    wire: Wire,
    incoming: Incoming,
    /// The second answer that is sent when the next request has begun.
    owed: Option<(Step, Answer)>,
}

impl Connection<'_> {
    async fn run(mut self) -> io::Result<()> {
        let mut then = Then::KeepAlive;
        loop {
            let early = match then {
                Then::KeepAlive => self.shared.script.answer_at_accept(),
                _ => None,
            };
            if let Some(step) = &early {
                let answer = Answer::new(step, &Head::reply(), b"", Timestamp::now(), 0);
                match self.send(step, &answer).await {
                    Ok(()) => {}
                    Err(Stop::Fault(fault)) => return fault.play(self.wire).await,
                    Err(Stop::Client(error)) => return Err(error),
                }
            }
            let begun = match then {
                Then::KeepAlive => self.incoming.begins(&mut self.wire).await?,
                Then::Close => return close(self.wire).await,
                Then::CloseAfterMs(limit) => match self.begins_within(limit).await? {
                    Some(begun) => begun,
                    None => return close(self.wire).await,
                },
                Then::ResetAfterMs(limit) => match self.begins_within(limit).await? {
                    Some(begun) => begun,
                    None => return reset(self.wire),
                },
            };
            if !begun {
                return Ok(());
            }
            let step = early.unwrap_or_else(|| self.shared.script.next());
            match self.exchange(&step).await {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => return fault.play(self.wire).await,
                Err(Stop::Client(error)) => return Err(error),
            }
            then = match step.framing {
                Framing::UntilClose => Then::Close,
                _ => step.then,
            };
        }
    }

    /// `None` when nothing happened for that long.
    async fn begins_within(&mut self, milliseconds: u64) -> io::Result<Option<bool>> {
        let limit = Duration::from_millis(milliseconds);
        let begins = timeout(limit, self.incoming.begins(&mut self.wire)).await;
        begins.ok().transpose()
    }

    async fn exchange(&mut self, step: &Step) -> Result<(), Stop> {
        let entry = self.open.request_begins();
        if let Some((step, answer)) = self.owed.take() {
            self.send(&step, &answer).await?;
        }
        reach(step, Point::Accept)?;
        let head = self.incoming.head(&mut self.wire).await?;
        entry.head(&head);
        reach(step, Point::RequestHead)?;
        if step.answer_at == AnswerAt::RequestHead {
            let answer = Answer::new(step, &head, b"", Timestamp::now(), entry.number());
            self.send(step, &answer).await?;
        }
        let body = self.body(&head).await;
        match &body {
            Ok(body) => entry.body(body, true),
            Err(_) => entry.body(&self.incoming.rest(), false),
        }
        let body = body?;
        reach(step, Point::Request)?;
        if step.answer_at == AnswerAt::Request {
            let answer = Answer::new(step, &head, &body, Timestamp::now(), entry.number());
            self.send(step, &answer).await?;
        }
        let Some(again) = &step.again else {
            return Ok(());
        };
        let number = SECOND + entry.number();
        let second = Answer::new(&again.answer, &head, &body, Timestamp::now(), number);
        match again.at {
            AgainAt::AfterUs(microseconds) => {
                pause_us(microseconds).await;
                self.send(&again.answer, &second).await
            }
            AgainAt::NextRequest => {
                self.owed = Some((again.answer.clone(), second));
                Ok(())
            }
        }
    }

    async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        let unknown = || io::Error::other("only requests with a content-length are read");
        let length = head.body_length().ok_or_else(unknown)?;
        self.incoming.body(&mut self.wire, length).await
    }

    async fn send(&mut self, step: &Step, answer: &Answer) -> Result<(), Stop> {
        let (wire, pace) = (&mut self.wire, step.pace);
        while let Some(flood) = &answer.flood {
            send(wire, flood.as_bytes(), None).await?;
        }
        send(wire, answer.interim.as_bytes(), None).await?;
        pause(pace.before_head_ms).await;
        send(wire, answer.status_line.as_bytes(), pace.head).await?;
        reach(step, Point::StatusLine)?;
        let (first, second) = halves(answer.headers.as_bytes());
        send(wire, first, pace.head).await?;
        reach(step, Point::Headers)?;
        send(wire, second, pace.head).await?;
        reach(step, Point::BeforeBody)?;
        pause(pace.before_body_ms).await;
        let (first, second) = halves(&answer.body);
        send(wire, first, pace.body).await?;
        reach(step, Point::Body)?;
        send(wire, second, pace.body).await?;
        Ok(())
    }
}

/// Why an exchange did not come to its end.
enum Stop {
    Fault(Fault),
    Client(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Client(error)
    }
}

fn reach(step: &Step, point: Point) -> Result<(), Stop> {
    step.fault_at(point)
        .map_or(Ok(()), |fault| Err(Stop::Fault(fault)))
}

fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len() / 2)
}

#[cfg(test)]
mod tests;
