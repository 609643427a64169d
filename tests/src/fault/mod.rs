//! A TCP server that answers as a failing network does, and counts what it received.
//!
//! It speaks HTTP/1.1 by hand over raw sockets, so that it can break a connection at any byte. Each
//! request takes one [`Step`] from the script, or the default step when the script is empty, over
//! however many connections the client opens. What arrived is counted before the fault is played,
//! so `posts() == 1` means that one whole request reached a server, whatever the client was told.
//!
//! ```
//! # use backchat_tests::fault::{FaultServer, Point, Step};
//! # async fn example() -> std::io::Result<()> {
//! let server = FaultServer::start().await?;
//! server.script(vec![Step::reset(Point::Request), Step::error(400, "window_expired")]);
//! // … two calls to server.url() …
//! assert_eq!(server.posts(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! Programs in other languages drive the same server through [`control`].

mod answer;
mod body;
pub(crate) mod certificates;
mod connection;
pub mod control;
mod pace;
mod prelude;
#[cfg(test)]
mod raw_client;
mod record;
mod request;
mod script;
mod server;
mod step;
mod tls;
mod unreachable;
mod wire;

pub use body::{Body, Framing};
pub use pace::{Dribble, Pace};
pub use record::{Counts, Received};
pub use server::FaultServer;
pub use step::{Again, AgainAt, AnswerAt, Fault, Point, Step, Then, Version};
pub use tls::TlsFault;
pub use unreachable::{Unreachable, black_hole, refused_address, silent_tls};
