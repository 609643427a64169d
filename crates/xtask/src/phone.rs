//! What surrounds a phone: a sandbox, a backend that has its token, and a message that was pushed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::suite::root;

/// What the backend takes for a session of its own.
pub(crate) const SESSION: &str = "session-of-an-agent";

pub(crate) struct Surroundings {
    sandbox: String,
    /// The backend's address.
    pub(crate) backend: String,
    pushed: Vec<u8>,
    _servers: [Server; 2],
}

impl Surroundings {
    /// Starts them, with the program as it was built last.
    pub(crate) fn start() -> io::Result<Self> {
        let program = root().join("target/debug/backchat");
        let (sandbox, ready) = Server::start(Command::new(&program).args([
            "--json",
            "sandbox",
            "--listen",
            "127.0.0.1:0",
        ]))?;
        let ready: Value = serde_json::from_str(&ready)?;
        let (url, token) = (&ready["url"], &ready["token"]);
        let (url, token) = (url.as_str().unwrap_or(""), token.as_str().unwrap_or(""));
        let (server, backend) = Server::start(
            Command::new("python3")
                .arg(root().join("bindings/mobile/backend/backend.py"))
                .args([url, SESSION])
                .env("PRELUDE_API_TOKEN", token),
        )?;
        let pushed = Command::new(&program)
            .args(["--json", "trigger", "--from", "+33612345678"])
            .args(["--text", "Hi", "--url", url])
            .output()?;
        Ok(Self {
            sandbox: url.to_owned(),
            backend,
            pushed: pushed.stdout,
            _servers: [sandbox, server],
        })
    }

    /// Runs `app` with the pushed event as its input. The sandbox must have accepted so many `messages`
    /// of it.
    pub(crate) fn run(&self, app: &mut Command, messages: usize) -> io::Result<()> {
        let mut running = app.stdin(Stdio::piped()).spawn()?;
        if let Some(mut input) = running.stdin.take() {
            input.write_all(&self.pushed)?;
        }
        let ended = running.wait()?;
        let accepted = self.messages()?;
        if ended.success() && accepted == messages {
            return Ok(());
        }
        let why = format!("the quickstart: {ended}; the sandbox accepted {accepted} replies");
        Err(io::Error::other(why))
    }

    /// How many messages the sandbox accepted.
    fn messages(&self) -> io::Result<usize> {
        let mut connection = TcpStream::connect(self.sandbox.trim_start_matches("http://"))?;
        connection.write_all(b"GET /sandbox/messages HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let messages: Vec<Value> = serde_json::from_str(body)?;
        Ok(messages.len())
    }
}

/// A program that serves until this is dropped.
struct Server(Child);

impl Server {
    /// Starts it, and gives the first line that it prints.
    fn start(command: &mut Command) -> io::Result<(Self, String)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take();
        let server = Self(child);
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if line.is_empty() {
            return Err(io::Error::other(format!("{command:?} does not start")));
        }
        Ok((server, line.trim().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
