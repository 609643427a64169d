//! A private Postgres for the tests, and PgBouncer: Debian's packages, a temporary directory, a free
//! port.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::debian::{can_install, is_root, run};

/// A running server; dropping it stops it and removes its files.
pub(crate) struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    server: Child,
    url: String,
}

impl Postgres {
    /// Installs Postgres when it is missing (as root, from Debian's packages) and starts a server.
    /// `Err` says why there is none.
    pub(crate) fn start() -> Result<Self, String> {
        let programs = match find() {
            Some(programs) => programs,
            None => install()?,
        };
        let directory =
            std::env::temp_dir().join(format!("backchat-postgres-{}", std::process::id()));
        let why = |e: io::Error| format!("Postgres cannot be started: {e}");
        fs::create_dir(&directory).map_err(why)?;
        if is_root() {
            // Postgres refuses to run as root; its package brings a user.
            run(Command::new("chown").arg("postgres").arg(&directory))?;
        }
        let data = directory.join("data");
        run(as_owner(&programs.join("initdb"))
            .args([
                "--username=backchat",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("--pgdata")
            .arg(&data))?;
        require_password(&data.join("pg_hba.conf")).map_err(why)?;
        let port = free_port().map_err(why)?;
        let server = as_owner(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=400",
            ])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", directory.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(why)?;
        let postgres = Self {
            programs,
            directory,
            server,
            url: format!("postgres://backchat@127.0.0.1:{port}/postgres"),
        };
        postgres.wait_until_ready(port)?;
        Ok(postgres)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn wait_until_ready(&self, port: u16) -> Result<(), String> {
        for _ in 0..200 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        Err("Postgres was started and does not answer".to_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stopped = run(as_owner(&self.programs.join("pg_ctl"))
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(self.directory.join("data")));
        if let Err(why) = stopped {
            eprintln!("xtask: {why}");
        }
        let _ended = self.server.wait();
        let _removed = fs::remove_dir_all(&self.directory);
    }
}

/// Members of the role `backchat_password` have to give one; everybody else is trusted.
fn require_password(access: &Path) -> io::Result<()> {
    let rules = fs::read_to_string(access)?;
    let rule = "host all +backchat_password 127.0.0.1/32 scram-sha-256";
    // Written over, not replaced: the file stays its owner's.
    fs::write(access, format!("{rule}\n{rules}"))
}

/// PgBouncer, installed when it is missing, as Postgres is. `Err` says why there is none.
pub(crate) fn pgbouncer() -> Result<PathBuf, String> {
    let program = PathBuf::from("/usr/sbin/pgbouncer");
    if program.exists() {
        return Ok(program);
    }
    if !can_install() {
        return Err("PgBouncer is not installed: install the package `pgbouncer`".to_owned());
    }
    println!("installing PgBouncer …");
    crate::debian::install("pgbouncer")?;
    if program.exists() {
        Ok(program)
    } else {
        Err("the package `pgbouncer` brought no program".to_owned())
    }
}

/// Where Debian puts the server's programs, the newest version first.
fn find() -> Option<PathBuf> {
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop()
}

fn install() -> Result<PathBuf, String> {
    if !can_install() {
        return Err("Postgres is not installed: install the package `postgresql`".to_owned());
    }
    println!("installing Postgres …");
    crate::debian::install("postgresql")?;
    find().ok_or_else(|| "the package `postgresql` brought no server".to_owned())
}

fn as_owner(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        // The user may not be allowed to stand where we stand.
        command.current_dir("/");
        command
    } else {
        Command::new(program)
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
