//! `enfilade key new`: makes an API key, shows it once, and keeps its hash in the key file.
//!
//! ```text
//! enfilade key new --file keys.jsonl --scope deploy --expires 2027-01-31 ci
//!                    └ a line is appended: id, hash, subject, …        └──▶ standard output: the key, and nothing else
//! ```

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use enfilade_auth::{KeyFile, MadeKey, NewKey};

/// API keys for programs
#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key: it is shown once, its hash goes to the file
    New(New),
}

#[derive(Debug, Args)]
struct New {
    /// Whose key it is: the subject that the app will see
    subject: String,

    /// The key file; made if it is not there, for its owner alone
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// A scope; may be given several times
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,

    /// A role; may be given several times
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,

    /// From when on it counts no more, in UTC: 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,

    /// What people should know of it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// How the key begins
    #[arg(long, value_name = "WORD", default_value = "enf")]
    prefix: String,
}

impl KeyArgs {
    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// What the key or the file has that does not work; then the file is as it was.
    pub fn run(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let made = self.make()?;
        writeln!(io::stdout(), "{}", made.key())?;
        Ok(())
    }

    fn make(&self) -> Result<MadeKey, Box<dyn Error + Send + Sync>> {
        let KeyCommand::New(new) = &self.command;
        let mut key =
            NewKey::new(&new.subject).with_prefix(&new.prefix).with_scopes(&new.scope).with_roles(&new.role);
        if let Some(date) = &new.expires {
            key = key.with_expires(date);
        }
        if let Some(note) = &new.note {
            key = key.with_note(note);
        }
        let made = key.make()?;
        append(&new.file, made.line())?;
        Ok(made)
    }
}

/// One write of one line: whoever reads the file at this moment finds all of it or nothing.
fn append(path: &Path, line: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut file = open(path)?;
    let is_new = file.metadata()?.len() == 0;
    if !is_new {
        KeyFile::open(path)?; // never appended to what would not be read
    }
    let begin = if is_new || ends_a_line(&mut file)? { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes())?;
    Ok(())
}

fn open(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn keys_are_appended_to_a_file_that_stays_good() {
        let path = std::env::temp_dir().join(format!("enfilade-key-new-{}", std::process::id()));
        let run = |more: &[&str]| {
            let file = path.to_str().unwrap();
            let args = ["enfilade", "key", "new", "--file", file].into_iter().chain(more.iter().copied());
            let args = crate::cli::Args::try_parse_from(args).unwrap();
            let Some(crate::cli::Command::Key(key)) = args.command else { panic!("another command") };
            key.make()
        };
        let lent =
            ["ci", "--scope", "deploy", "--role", "robots", "--expires", "2100-01-31", "--note", "lent"];
        assert!(run(&lent).is_ok());
        // An editor left no line end.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.trim_end()).unwrap();
        assert!(run(&["report", "--prefix", "shop"]).unwrap().key().starts_with("shop_"));
        assert_eq!(KeyFile::open(&path).unwrap().len(), 2);

        assert!(run(&["a", "--expires", "tomorrow"]).is_err());
        assert!(run(&["a", "--scope", "a b"]).is_err());
        std::fs::write(&path, "oops").unwrap();
        assert!(run(&["a"]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "oops", "what is bad is left as it is");
        std::fs::remove_file(&path).unwrap();
    }
}
