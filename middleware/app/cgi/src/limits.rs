//! What a script's process may use: resource limits, set by `prlimit` right after the spawn.
//!
//! ```text
//! spawn ──▶ prlimit ──▶ the script goes on under its limits, and so does whatever it starts
//!       └─ a short window: what it did before is not undone
//! ```
//!
//! In the window, some microseconds, a program runs without them; a limit holds from then on for what it uses already
//! too. Setting them between fork and exec would take `unsafe` code and the slower of the standard library's two ways
//! to spawn. A limit that must hold from the first instruction belongs to the service manager (`LimitAS=`).
//!
//! ```
//! use enfilade_cgi::ProcessLimits;
//! use std::time::Duration;
//!
//! let limits = ProcessLimits::new().with_cpu(Duration::from_secs(10)).with_memory(256 << 20);
//! ```

use std::{io, time::Duration};

use rustix::{
    io::Errno,
    process::{Pid, Resource, Rlimit, prlimit},
};

/// Resource limits of a script's process; core dumps are off, the rest is as it is for us. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "limits do nothing until a service is given them"]
pub struct ProcessLimits {
    set: Vec<(Resource, u64)>,
}

impl ProcessLimits {
    /// No core dumps, and nothing else.
    pub fn new() -> Self {
        Self { set: vec![(Resource::Core, 0)] }
    }

    /// CPU time, in whole seconds, at least one; the process is killed at the end (`RLIMIT_CPU`).
    pub fn with_cpu(self, span: Duration) -> Self {
        self.with(Resource::Cpu, span.as_secs().max(1))
    }

    /// Address space in bytes (`RLIMIT_AS`).
    pub fn with_memory(self, bytes: u64) -> Self {
        self.with(Resource::As, bytes)
    }

    /// The largest file that it may write, in bytes (`RLIMIT_FSIZE`).
    pub fn with_file_size(self, bytes: u64) -> Self {
        self.with(Resource::Fsize, bytes)
    }

    /// Open descriptors (`RLIMIT_NOFILE`).
    pub fn with_open_files(self, count: u64) -> Self {
        self.with(Resource::Nofile, count)
    }

    /// Processes and threads of our user, ours included (`RLIMIT_NPROC`); root has no such limit.
    pub fn with_processes(self, count: u64) -> Self {
        self.with(Resource::Nproc, count)
    }

    fn with(mut self, resource: Resource, limit: u64) -> Self {
        self.set.retain(|(known, _)| *known != resource);
        self.set.push((resource, limit));
        self
    }

    pub(crate) fn apply(&self, pid: Pid) -> io::Result<()> {
        for (resource, limit) in &self.set {
            let limit = Rlimit { current: Some(*limit), maximum: Some(*limit) };
            match prlimit(Some(pid), *resource, limit) {
                // It is not reaped yet, so the number is still its own.
                Ok(_) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self::new()
    }
}
