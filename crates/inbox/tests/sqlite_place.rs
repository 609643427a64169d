//! The path of a ledger on SQLite: links, second names, rights, and what is no place for a ledger.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]
#![cfg(unix)]

mod desk;
mod places;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use backchat_inbox::{Inbox, Ledger};
use desk::{Api, hello, status};

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A folder in `folder`.
fn subfolder(folder: &places::Folder, name: &str) -> PathBuf {
    let path = folder.file().with_file_name(name);
    fs::create_dir(&path).unwrap();
    path
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    format!("{}{suffix}", file.display()).into()
}

async fn refusal(path: &Path) -> (String, String) {
    let error = Ledger::open(&url(path)).await.unwrap_err();
    (error.code().as_str().to_owned(), error.to_string())
}

async fn trouble(inbox: &Inbox) -> String {
    inbox.list(None, None).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_followed() {
    let folder = places::Folder::new();
    let real = subfolder(&folder, "real");
    let linked = subfolder(&folder, "linked");
    // To a file, to a folder, to a link, and to a file that is yet to be made.
    symlink("../real/a.db", linked.join("a.db")).unwrap();
    fs::write(real.join("a.db"), "").unwrap();
    symlink(&real, linked.join("folder")).unwrap();
    symlink("folder/c.db", linked.join("c.db")).unwrap();
    symlink("c.db", linked.join("c-too.db")).unwrap();
    let api = Api::new().await;
    for (number, (link, file)) in (0..).zip([
        (linked.join("a.db"), real.join("a.db")),
        (linked.join("folder/b.db"), real.join("b.db")),
        (linked.join("c-too.db"), real.join("c.db")),
    ]) {
        let inbox = api.inbox_at(&url(&link)).await;
        assert_eq!(status(&inbox, &hello(number)).await, 200, "{link:?}");
        assert!(beside(&file, "-wal").exists(), "{link:?}");
        assert_eq!(fs::read_dir(&linked).unwrap().count(), 4, "{link:?}");
        // By its own name it is one ledger.
        let same = api.inbox_at(&url(&file)).await;
        assert_eq!(status(&same, &hello(number)).await, 200, "{link:?}");
        assert_eq!(api.posts().len(), number as usize + 1, "{link:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_pointed_elsewhere_is_noticed() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let (first, second) = (subfolder(&folder, "first"), subfolder(&folder, "second"));
    fs::write(second.join("inbox.db"), "").unwrap();
    let current = folder.file().with_file_name("current");
    let point_to = |target: &Path| {
        let _absent = fs::remove_file(&current);
        symlink(target, &current).unwrap();
    };
    point_to(&first);
    let inbox = api.inbox_at(&url(&current.join("inbox.db"))).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    point_to(&second);
    assert_eq!(status(&inbox, &hello(2)).await, 503);
    let said = trouble(&inbox).await;
    assert!(said.contains("link") && said.contains("current"), "{said}");
    point_to(&first);
    assert_eq!(status(&inbox, &hello(2)).await, 200);
    assert_eq!(api.posts().len(), 2);
}

#[tokio::test]
async fn what_is_no_place_for_a_ledger_is_refused() {
    let folder = places::Folder::new();
    let (code, said) = refusal(folder.file().parent().unwrap()).await;
    assert_eq!(code, "configuration");
    assert!(said.contains("is a folder"), "{said}");
    // SQLite would keep one log for each name.
    fs::write(folder.file(), "").unwrap();
    let second = folder.file().with_file_name("second.db");
    fs::hard_link(folder.file(), &second).unwrap();
    for path in [folder.file(), second.clone()] {
        let (code, said) = refusal(&path).await;
        assert_eq!(code, "configuration");
        assert!(said.contains("hard link"), "{said}");
    }
    fs::remove_file(&second).unwrap();
    Ledger::open(&folder.url()).await.unwrap();
    let circle = folder.file().with_file_name("circle.db");
    symlink(&circle, &circle).unwrap();
    let (code, said) = refusal(&circle).await;
    assert_eq!(code, "store_unavailable");
    assert!(said.contains("circle.db"), "{said}");
    let (code, said) = refusal(&folder.file().with_file_name("no").join("inbox.db")).await;
    assert_eq!(code, "store_unavailable");
    assert!(said.contains("no/inbox.db"), "{said}");
}

fn rights(file: &Path) -> [u32; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let found = fs::metadata(beside(file, suffix)).unwrap();
        found.permissions().mode() & 0o777
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_reaches_the_files() {
    let (api, folder) = (Api::new().await, places::Folder::new());
    let inbox = api.inbox_at(&folder.url()).await;
    assert_eq!(status(&inbox, &hello(1)).await, 200);
    assert_eq!(rights(&folder.file()), [0o600; 3]);
    // A ledger of an earlier version, or one that was restored.
    for suffix in ["", "-wal", "-shm"] {
        let path = beside(&folder.file(), suffix);
        fs::set_permissions(path, Permissions::from_mode(0o664)).unwrap();
    }
    let again = api.inbox_at(&folder.url()).await;
    assert_eq!(rights(&folder.file()), [0o600; 3]);
    assert_eq!(status(&again, &hello(1)).await, 200);
    assert_eq!(api.posts().len(), 1);
}
