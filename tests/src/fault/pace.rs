//! How slowly an answer is sent.

use std::{
    io,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    task::yield_now,
    time::sleep,
};

/// The pauses of an answer, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Before the status line.
    pub before_head_ms: u64,
    /// Between the head and the body.
    pub before_body_ms: u64,
    /// Sends the status line and the headers in small pieces.
    pub head: Option<Dribble>,
    /// Sends the body in small pieces.
    pub body: Option<Dribble>,
}

/// A few bytes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dribble {
    /// How many bytes; 0 counts as 1.
    pub bytes: usize,
    /// The pause after them.
    pub every_ms: u64,
}

pub(super) async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// A pause below the resolution of tokio's timers, which count milliseconds.
pub(super) async fn pause_us(microseconds: u64) {
    let end = Instant::now() + Duration::from_micros(microseconds);
    while Instant::now() < end {
        yield_now().await;
    }
}

pub(super) async fn send<W>(wire: &mut W, bytes: &[u8], slowly: Option<Dribble>) -> io::Result<()>
where
    W: AsyncWrite + Unpin + ?Sized,
{
    let Some(Dribble {
        bytes: few,
        every_ms,
    }) = slowly
    else {
        wire.write_all(bytes).await?;
        return wire.flush().await;
    };
    for piece in bytes.chunks(few.max(1)) {
        wire.write_all(piece).await?;
        wire.flush().await?;
        pause(every_ms).await;
    }
    Ok(())
}
