//! The `.py` files of an app, and when each was changed.
//!
//! ```text
//! app.py  shop/views.py             looked at every half second
//! .git  __pycache__  .venv  venv    not looked into
//! ```
//!
//! Looked at, and not waited for by the system's own means: those know nothing of folders that a container or another
//! machine shares.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, DirEntry},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::sleep;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Files and when each was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, SystemTime>);

impl Files {
    /// Those below a folder.
    pub(super) fn below(folder: &Path) -> Self {
        let (mut files, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if is_folder(&entry) {
                    folders.push(path);
                } else if path.extension() == Some(OsStr::new("py"))
                    && let Ok(changed) = fs::metadata(&path).and_then(|found| found.modified())
                {
                    files.insert(path, changed);
                }
            }
        }
        Self(files)
    }

    /// Done when one of them has changed, has gone or has come.
    pub(super) async fn changed(&self, folder: &Path) {
        while Self::below(folder) == *self {
            sleep(LOOK_EVERY).await;
        }
    }
}

/// A folder that holds what the app's people write. Links to folders are not followed: they may lead back.
fn is_folder(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let others = name.as_encoded_bytes().starts_with(b".") || name == "__pycache__" || name == "node_modules";
    !others && entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.path().join("pyvenv.cfg").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_app_are_looked_at_and_those_of_environments_are_not() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for made in ["shop", ".git", "venv/lib", "__pycache__"] {
            fs::create_dir_all(at(made)).unwrap();
        }
        for file in [
            "shop/views.py",
            "app.py",
            "app.txt",
            ".git/x.py",
            "venv/lib/x.py",
            "venv/pyvenv.cfg",
            "__pycache__/x.py",
        ] {
            fs::write(at(file), "").unwrap();
        }
        let seen = Files::below(root.path());
        assert_eq!(seen.0.keys().collect::<Vec<_>>(), [&at("app.py"), &at("shop/views.py")]);
        fs::write(at("app.txt"), "more").unwrap();
        assert_eq!(seen, Files::below(root.path()));
        fs::write(at("shop/new.py"), "").unwrap();
        assert_ne!(seen, Files::below(root.path()));
    }
}
