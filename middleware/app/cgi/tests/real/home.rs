//! A directory for one test, and git in it.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{self, Command, Output, Stdio},
};

/// A directory of its own, with no settings of anybody's.
pub(crate) struct Home(pub(crate) PathBuf);

impl Home {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("enfilade-real-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a directory of our own");
        Self(path)
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> Output {
        Command::new("git")
            .args(arguments)
            .current_dir(&self.0)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.0)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .output()
            .expect("git is there")
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn commit(&self, clone: &str, file: &str, content: Vec<u8>) {
        fs::write(self.0.join(clone).join(file), content).expect("a file");
        self.git(&["-C", clone, "add", file]);
        self.git(&["-C", clone, "commit", "--quiet", "--message", file]);
    }
}

impl Home {
    /// A file to execute. Another process writes it: a spawn of another test could inherit the open descriptor, and what
    /// is open for writing is not executed.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        let mut writer = Command::new("/bin/sh")
            .args(["-c", r#"cat > "$0" && chmod 755 "$0""#])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        writer.stdin.take().expect("asked for").write_all(text.as_bytes()).expect("a script is small");
        assert!(writer.wait().expect("it ends").success());
        path
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
