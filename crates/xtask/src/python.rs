//! The Python package: a virtual environment, the wheel that users install, its tests and its types.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::postgres::Postgres;
use crate::suite::{Report, TESTED, files_at_once, root};

/// The oldest Python that the package runs on.
const OLDEST: (u32, u32) = (3, 10);

/// Builds and installs the wheel, then runs its tests and checks its types.
pub(crate) fn suite() -> io::Result<Vec<Report>> {
    let environment = match Environment::prepare("venv", "tests/requirements.txt", TESTED) {
        Ok(environment) => environment,
        Err(why) => return Ok(vec![Report::skipped("python", why)]),
    };
    if let Err(why) = find_redis() {
        println!("{why}");
    }
    let mut reports = vec![environment.test()?];
    let python = environment.program();
    let checks: [(&str, &[&str]); 4] = [
        ("py-mypy", &["mypy", "--strict", "-p", "backchat"]),
        ("py-mypy", &["mypy", "tests", "examples"]),
        ("py-pyright", &["pyright", "--pythonpath", &python]),
        (
            "py-stubs",
            &[
                "mypy.stubtest",
                "backchat",
                "--allowlist",
                "tests/stubtest.txt",
            ],
        ),
    ];
    for (name, arguments) in checks {
        let mut check = environment.python();
        check.arg("-m").args(arguments);
        reports.push(Report::of_in(name, &here(), &mut check)?);
    }
    Ok(reports)
}

/// A virtual environment under `target/python` with the wheel in it.
pub(crate) struct Environment {
    programs: PathBuf,
}

impl Environment {
    /// Makes it, installs what `requirements` lists, builds the wheel with Cargo's `profile` and installs
    /// it. `Err` says why that cannot be done on this machine.
    pub(crate) fn prepare(name: &str, requirements: &str, profile: &str) -> Result<Self, String> {
        let directory = root().join("target/python").join(name);
        let environment = Self {
            programs: directory.join(if cfg!(windows) { "Scripts" } else { "bin" }),
        };
        if !environment.programs.exists() {
            find_python()?;
            run(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
        }
        let requirements = here().join(requirements);
        environment.pip(|pip| pip.arg("-r").arg(requirements))?;
        environment.install_wheel(profile)?;
        Ok(environment)
    }

    fn program(&self) -> String {
        self.programs.join("python").display().to_string()
    }

    pub(crate) fn python(&self) -> Command {
        let mut python = Command::new(self.program());
        // Of the user's own packages nothing is seen.
        python.env_remove("PYTHONPATH").env("PYTHONNOUSERSITE", "1");
        python
    }

    fn pip(&self, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<(), String> {
        let mut pip = self.python();
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        arguments(&mut pip);
        run(&mut pip)
    }

    /// The wheel itself, not an editable tree.
    fn install_wheel(&self, profile: &str) -> Result<(), String> {
        let wheels = root().join("target/python/wheels");
        let _absent = fs::remove_dir_all(&wheels);
        println!("building the wheel …");
        let mut maturin = self.python();
        maturin.args(["-m", "maturin", "build", "--quiet", "--profile", profile]);
        run(maturin.arg("--out").arg(&wheels).current_dir(here()))?;
        let wheel = fs::read_dir(&wheels)
            .ok()
            .and_then(|mut files| files.next()?.ok())
            .ok_or("maturin built no wheel")?;
        let size = wheel.metadata().map_err(|e| e.to_string())?.len();
        println!("{}: {} KiB", wheel.file_name().display(), size / 1024);
        self.pip(|pip| {
            pip.args(["--force-reinstall", "--no-deps"])
                .arg(wheel.path())
        })
    }

    fn test(&self) -> io::Result<Report> {
        let mut tests = self.python();
        tests.args(["-m", "pytest", "--quiet", "-rs", "-p", "no:cacheprovider"]);
        tests.arg(format!("--numprocesses={}", files_at_once()));
        // The tests of a file share its fixtures.
        tests.arg("--dist=loadfile");
        let program = std::env::current_exe()?;
        let server = format!("{} fault-server", program.display());
        tests.env("BACKCHAT_FAULT_SERVER", server);
        match Postgres::start() {
            Ok(postgres) => {
                tests.env("BACKCHAT_TEST_POSTGRES", postgres.url());
                Report::of_in("python", &here(), &mut tests)
            }
            // Its tests skip by themselves, and fail with `CI=true`.
            Err(why) => {
                println!("{why}");
                Report::of_in("python", &here(), &mut tests)
            }
        }
    }
}

/// The package's folder.
pub(crate) fn here() -> PathBuf {
    root().join("bindings/python")
}

/// The broker of a Celery example's test, which skips without it.
fn find_redis() -> Result<(), String> {
    const PACKAGE: &str = "redis-server";
    if Command::new(PACKAGE).arg("--version").output().is_ok() {
        return Ok(());
    }
    if !debian::can_install() {
        return Err(format!("no {PACKAGE}: install it"));
    }
    debian::install(PACKAGE)
}

fn find_python() -> Result<(), String> {
    let missing = || {
        format!(
            "no Python {}.{} or later: install python3",
            OLDEST.0, OLDEST.1
        )
    };
    let output = Command::new("python3")
        .arg("--version")
        .output()
        .map_err(|_| missing())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut numbers = said
        .trim_start_matches("Python ")
        .split('.')
        .map_while(|number| number.trim().parse().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST {
        return Err(missing());
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = Path::new(command.get_program()).display().to_string();
    let status = command.status().map_err(|e| format!("{program}: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} failed"))
    }
}
