//! A directory of scripts, and how to wait for what they leave behind.
//!
//! A script is written by a process of its own: while this one had it open for writing, a spawn of another test would
//! inherit the descriptor, and the kernel refuses to execute a file that is open for writing.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use enfilade_cgi::CgiService;
use enfilade_test::Drive;

/// A directory that is removed in the end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("enfilade-cgi-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a directory of our own");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A script by this name.
    pub(crate) fn script(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.path(name);
        let mut writer = Command::new("/bin/sh")
            .args(["-c", r#"cat > "$0" && chmod 755 "$0""#])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut stdin = writer.stdin.take().expect("asked for");
        writeln!(stdin, "#!/bin/sh\n{lines}").expect("a script is small");
        drop(stdin);
        assert!(writer.wait().expect("it ends").success());
        path
    }

    /// A service of a script of these lines.
    pub(crate) fn cgi(&self, lines: &str) -> CgiService {
        CgiService::new(self.script("test.cgi", lines)).expect("a script")
    }

    /// What a script wrote to a file, once it has.
    pub(crate) async fn told(&self, name: &str) -> String {
        let path = self.path(name);
        let mut text = String::new();
        until(&format!("{name} is written"), || {
            text = fs::read_to_string(&path).unwrap_or_default();
            text.ends_with('\n')
        })
        .await;
        text.trim().to_owned()
    }

    /// How often a script started that says so by `echo >> started`.
    pub(crate) fn started(&self) -> usize {
        fs::read_to_string(self.path("started")).map_or(0, |text| text.lines().count())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A request by request driver of a script of these lines.
pub(crate) fn drive(dir: &Dir, lines: &str) -> Drive<CgiService> {
    Drive::service(dir.cgi(lines))
}

/// Waits for something that another process does; fails only where it never comes.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// Waits until a process is gone and reaped: a zombie still has its directory.
pub(crate) async fn gone(pid: &str) {
    let path = Path::new("/proc").join(pid);
    until(&format!("process {pid} is gone"), || !path.exists()).await;
}

/// Longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// Waits until a process has ended that is not our child: nobody may be there to reap it.
pub(crate) async fn ended(pid: &str) {
    let path = Path::new("/proc").join(pid).join("stat");
    until(&format!("process {pid} has ended"), || {
        fs::read_to_string(&path).map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "))
    })
    .await;
}
