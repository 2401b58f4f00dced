//! `--reload`: the same command in a process of its own, ended and started anew when a file of the app changes.
//!
//! ```text
//! files below --app-dir ── looked at every half second ──▶ one changed ─▶ SIGTERM ─▶ ended ─▶ started anew
//! the app does not start ─▶ its error stays on the screen until a file changes
//! ```
//!
//! A process of its own, because Python cannot forget a module: what is imported anew beside the old one is another app.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};
use tower::BoxError;

use crate::cli::RunArgs;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long an app that is told to end may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// In the environment of the process that serves.
const SERVES: &str = "ENFILADE_RELOADED";

/// Whether this is the process that watches.
pub(super) fn watches(args: &RunArgs) -> bool {
    args.python.reload && env::var_os(SERVES).is_none()
}

/// Watches until it is told to stop, and stops the app then.
///
/// # Errors
///
/// When the command cannot be started again.
pub(super) async fn watch(args: &RunArgs) -> Result<(), BoxError> {
    let folder = std::path::absolute(&args.python.app_dir)?;
    let mut told = Box::pin(told()?);
    loop {
        let seen = look(&folder);
        let mut child = Command::new(env::current_exe()?).args(env::args_os().skip(1)).env(SERVES, "1").spawn()?;
        tokio::select! {
            () = &mut told => {
                // A terminal tells both of Ctrl-C; whoever tells this one alone means both.
                return Ok(end(&mut child).await?);
            }
            () = changed(&folder, &seen) => end(&mut child).await?,
        }
        tracing::info!(target: "enfilade", "a file below {} has changed: starting anew", folder.display());
    }
}

async fn told() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut end, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn end(child: &mut Child) -> io::Result<()> {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw) {
        // It has not been waited for, so the number is still its own.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if timeout(PATIENCE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}

async fn changed(folder: &Path, seen: &Files) {
    while look(folder) == *seen {
        sleep(LOOK_EVERY).await;
    }
}

type Files = BTreeMap<PathBuf, SystemTime>;

/// The `.py` files below a folder; not those of environments, caches and hidden folders.
fn look(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.as_encoded_bytes().starts_with(b".") || name == "__pycache__" || name == "node_modules";
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !hidden && !path.join("pyvenv.cfg").exists() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py")
                && let Ok(changed) = fs::metadata(&path).and_then(|found| found.modified())
            {
                files.insert(path, changed);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_app_are_looked_at_and_those_of_environments_are_not() {
        let folder = env::temp_dir().join(format!("enfilade-reload-{}", std::process::id()));
        for made in ["shop", ".git", "venv/lib", "__pycache__"] {
            fs::create_dir_all(folder.join(made)).expect("the system's own temporary folder can be written to");
        }
        for file in ["shop/views.py", "app.py", "app.txt", ".git/x.py", "venv/lib/x.py", "venv/pyvenv.cfg", "__pycache__/x.py"] {
            fs::write(folder.join(file), "").expect("the folder was just made");
        }
        let seen: Vec<_> = look(&folder).into_keys().map(|file| file.strip_prefix(&folder).expect("it is below").to_owned()).collect();
        assert_eq!(seen, [Path::new("app.py"), Path::new("shop/views.py")]);
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
