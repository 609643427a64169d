//! Lines that set an environment variable, as the shell of the platform reads them.

/// The shell that lines are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// bash, zsh, sh.
    Posix,
    /// On Windows, and wherever else it started the program.
    PowerShell,
}

impl Shell {
    pub(crate) fn current() -> Self {
        // PowerShell sets it on every platform.
        if cfg!(windows) || std::env::var_os("PSModulePath").is_some() {
            Shell::PowerShell
        } else {
            Shell::Posix
        }
    }

    /// The line that sets `name` to exactly `value` for the programs that are started next.
    pub(crate) fn export(self, name: &str, value: &str) -> String {
        match self {
            Shell::Posix if is_plain(value) => format!("export {name}={value}"),
            Shell::Posix => format!("export {name}='{}'", value.replace('\'', "'\\''")),
            Shell::PowerShell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

/// Whether no character of it means anything to a shell.
fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    !value.is_empty() && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn powershell_has_a_form_of_its_own() {
        let line = Shell::PowerShell.export("PRELUDE_API_TOKEN", "it's");
        assert_eq!(line, "$env:PRELUDE_API_TOKEN = 'it''s'");
        let line = Shell::Posix.export("PRELUDE_BASE_URL", "http://127.0.0.1:8787");
        assert_eq!(line, "export PRELUDE_BASE_URL=http://127.0.0.1:8787");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_very_value() {
        for value in [
            "sandbox",
            "it's \"$HOME\"",
            "-----BEGIN\\nMIIB+/=",
            "",
            "a b;c",
        ] {
            let line = Shell::Posix.export("VALUE", value);
            let script = format!("{line}\nprintf %s \"$VALUE\"");
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), value, "{line}");
        }
    }
}
