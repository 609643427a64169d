//! A private PgBouncer before the Postgres of a test run.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;

use super::database::address;

/// The variable that names the program.
pub const PGBOUNCER: &str = "BACKCHAT_TEST_PGBOUNCER";

/// A running PgBouncer; it ends with its value.
#[derive(Debug)]
pub struct PgBouncer {
    process: Child,
    folder: PathBuf,
    url: String,
}

impl PgBouncer {
    /// Starts one with two sessions of the user of `postgres` to its server. `settings` are more lines
    /// of its file. `None`, with a line that says so, without the program; a failure where
    /// `CI=true`.
    pub async fn start(postgres: &str, pool_mode: &str, settings: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(program) = std::env::var(PGBOUNCER) else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "CI has no PgBouncer: {PGBOUNCER} is not set"
            );
            println!("skipped: {PGBOUNCER} is not set");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("backchat-pgbouncer-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let file = folder.join("pgbouncer.ini");
        let (host, server_port) = address(postgres).rsplit_once(':').unwrap();
        let (_, rest) = postgres.split_once("://").unwrap();
        let (user, _) = rest.split_once('@').unwrap();
        let text = format!(
            "[databases]\n* = host={host} port={server_port} user={user}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n\
             pool_mode = {pool_mode}\ndefault_pool_size = 2\nmax_client_conn = 200\n\
             unix_socket_dir =\n{settings}\n",
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(program);
        if is_root() {
            // It refuses to run as root, as Postgres does.
            command.args(["-u", "postgres"]);
        }
        let process = command
            .arg("-q")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let here = format!("127.0.0.1:{port}");
        let bouncer = Self {
            process,
            folder,
            url: postgres.replacen(address(postgres), &here, 1),
        };
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(bouncer);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("PgBouncer was started and does not listen");
    }

    /// The URL of the server, through it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        ids.and_then(|ids| ids.split_whitespace().next()) == Some("0")
    })
}
