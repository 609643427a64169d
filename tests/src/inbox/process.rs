//! Worker processes: started, stopped, continued and killed by a test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::worker::{CONFIG, Config};
use crate::example;

/// A worker, killed with its value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: UnboundedReceiver<String>,
}

impl Process {
    /// Starts a worker.
    pub fn start(config: &Config) -> Self {
        let mut command = Command::new(program());
        command.env(CONFIG, serde_json::to_string(config).unwrap());
        Self::run(command)
    }

    /// Starts another program that speaks in lines and ends with its standard input.
    pub fn run(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (told, lines) = unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _nobody_listens = told.send(line);
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it says; `None` when it has ended.
    pub async fn line(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// A line that it has said and nobody has read.
    pub fn said(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// Waits for a line that begins so, and gives what follows.
    pub async fn wait_for(&mut self, beginning: &str, longest: Duration) -> String {
        let mut others = Vec::new();
        let found = tokio::time::timeout(longest, async {
            while let Some(line) = self.line().await {
                match line.strip_prefix(beginning) {
                    Some(rest) => return Some(rest.trim().to_owned()),
                    None => others.push(line),
                }
            }
            None
        })
        .await;
        match found {
            Ok(Some(rest)) => rest,
            Ok(None) => panic!("the worker ended without `{beginning}`: {others:?}"),
            Err(elapsed) => panic!("no `{beginning}` in {longest:?}, {elapsed}: {others:?}"),
        }
    }

    /// Lets it go on from where it holds.
    pub fn go(&mut self) {
        writeln!(self.input.as_mut().unwrap(), "go").unwrap();
    }

    /// SIGSTOP: it stands still, wherever it is.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.id().to_string()])
            .status();
        assert!(sent.unwrap().success(), "kill {signal}");
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The worker's program.
pub fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| example::program("inbox_worker").unwrap())
}
