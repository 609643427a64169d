//! The rights of the files: a ledger holds hashes of numbers and, while messages wait, their texts.

use std::path::{Path, PathBuf};

/// Takes away what others than the owner may do with the ledger and the files beside it, and says so
/// in one line. SQLite makes new ones with the rights of the ledger.
#[cfg(unix)]
pub(super) fn tighten(ledger: &Path, companions: &[PathBuf; 3]) {
    let companions = companions.iter().map(PathBuf::as_path);
    let changed: Result<Vec<bool>, _> = companions.chain([ledger]).map(tighten_one).collect();
    match changed {
        Ok(changed) if changed.contains(&true) => tracing::warn!(
            target: "backchat",
            path = %ledger.display(),
            "others could reach the ledger's files; their rights are 0600 now"
        ),
        Ok(_as_they_were) => {}
        Err(error) => tracing::warn!(
            target: "backchat",
            path = %ledger.display(),
            %error,
            "others can reach the ledger's files; their owner should run chmod 600"
        ),
    }
}

#[cfg(unix)]
fn tighten_one(path: &Path) -> std::io::Result<bool> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    // What is not there has no rights.
    let Ok(found) = fs::metadata(path) else {
        return Ok(false);
    };
    let rights = found.permissions().mode();
    if rights & 0o777 == rights & 0o700 {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(rights & 0o700))?;
    Ok(true)
}

#[cfg(not(unix))]
pub(super) fn tighten(_: &Path, _: &[PathBuf; 3]) {}
