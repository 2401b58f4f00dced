//! The service: a script and its settings; each request is a process.
//!
//! ```text
//! Request<B> ─▶ CgiService ─▶ environment, stdin ─▶ the script ─▶ stdout ─▶ Response<CgiBody>
//! ```

use std::{
    convert::Infallible,
    ffi::{OsStr, OsString},
    fmt, fs,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::Host;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::{
    BoxError, CgiBody, ConfigError, ProcessLimits, Unsized,
    environment::{DECIDED, Site},
    head::Kind,
    process::Watcher,
    queue::Queue,
    redirect::Elsewhere,
    serve::serve,
};

/// A CGI script as a tower service. Cheap to clone; clones share their places. See the [crate docs](crate).
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct CgiService(Arc<Settings>);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) site: Site,
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) limits: ProcessLimits,
    pub(crate) queue: Queue,
    pub(crate) watcher: Watcher,
    pub(crate) max_silence: Duration,
    pub(crate) max_head: usize,
    pub(crate) without_length: Unsized,
    pub(crate) elsewhere: Option<Elsewhere>,
}

impl CgiService {
    /// Serves every path by this script: `SCRIPT_NAME` is empty, `PATH_INFO` the whole path. A relative path is made
    /// absolute now. A name that begins with `nph-` makes it a non-parsed-header script (RFC 3875 §5).
    ///
    /// # Errors
    ///
    /// If the script is not there, no file, or not executable.
    pub fn new(script: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let given = script.as_ref();
        let unreadable = |error| ConfigError::Unreadable(given.to_owned(), error);
        let script = std::path::absolute(given).map_err(unreadable)?;
        let found = fs::metadata(&script).map_err(unreadable)?;
        if !found.is_file() {
            return Err(ConfigError::NotAFile(script));
        }
        if found.permissions().mode() & 0o111 == 0 {
            return Err(ConfigError::NotExecutable(script));
        }
        let nph = script.file_name().is_some_and(|name| name.as_bytes().starts_with(b"nph-"));
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Ok(Self(Arc::new(Settings {
            name: script.display().to_string().into(),
            site: Site::new(script, ""),
            kind: if nph { Kind::NonParsed } else { Kind::Parsed },
            limits: ProcessLimits::new(),
            queue: Queue::new(4 * cores),
            watcher: Watcher {
                deadline: Duration::from_secs(600),
                grace: Duration::from_secs(2),
                linger: Duration::from_secs(1),
            },
            max_silence: Duration::from_secs(60),
            max_head: 16 << 10,
            without_length: Unsized::Buffer(1 << 20),
            elsewhere: None,
        })))
    }

    /// The path below which it answers, as `SCRIPT_NAME` and decoded: `/report.cgi`. Others are 404 `cgi.not-here`.
    ///
    /// # Errors
    ///
    /// Unless it is empty, or begins with `/` and does not end with one.
    pub fn with_script_name(self, name: &str) -> Result<Self, ConfigError> {
        let fits = name.is_empty() || (name.starts_with('/') && !name.ends_with('/'));
        if !fits || name.contains('\0') {
            return Err(ConfigError::ScriptName(name.to_owned()));
        }
        Ok(self.edit(|settings| settings.site.script_name = name.into()))
    }

    /// `DOCUMENT_ROOT`, and `PATH_TRANSLATED` below it.
    ///
    /// # Errors
    ///
    /// If it is relative.
    pub fn with_document_root(self, root: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let root = root.into();
        if root.is_relative() || root.as_os_str().as_bytes().contains(&0) {
            return Err(ConfigError::RelativeRoot(root));
        }
        Ok(self.edit(|settings| settings.site.document_root = Some(root)))
    }

    /// `SERVER_NAME` for requests that name no host (HTTP/1.0); `localhost` unless set.
    ///
    /// # Errors
    ///
    /// If it is no host name or address.
    pub fn with_server_name(self, name: &str) -> Result<Self, ConfigError> {
        let parsed = HeaderValue::from_str(name).ok().and_then(|name| Host::parse(&name));
        let host = parsed.filter(|host| host.port().is_none());
        let Some(host) = host else { return Err(ConfigError::ServerName(name.to_owned())) };
        Ok(self.edit(|settings| settings.site.server_name = host.name().into()))
    }

    /// A variable for the script, which inherits nothing of ours; `PATH` is `/usr/local/bin:/usr/bin:/bin` unless set.
    ///
    /// # Errors
    ///
    /// If no environment can hold it, or if it is one that requests decide.
    pub fn with_env(self, name: impl AsRef<OsStr>, value: impl Into<OsString>) -> Result<Self, ConfigError> {
        let (name, value) = (name.as_ref(), value.into());
        let shown = || name.to_string_lossy().into_owned();
        let bad = |byte: &u8| matches!(byte, b'=' | 0);
        if name.is_empty() || name.as_bytes().iter().any(bad) || value.as_bytes().contains(&0) {
            return Err(ConfigError::Variable(shown()));
        }
        if name.as_bytes().starts_with(b"HTTP_") || DECIDED.iter().any(|decided| name == *decided) {
            return Err(ConfigError::Reserved(shown()));
        }
        Ok(self.edit(|settings| {
            settings.site.extra.retain(|(known, _)| known != name);
            settings.site.extra.push((name.to_owned(), value));
        }))
    }

    /// Lets the script read `HTTP_AUTHORIZATION`: passwords and tokens, in an environment that its user's other
    /// processes can read, and that a debug page prints (RFC 3875 §4.1.18).
    pub fn insecure_pass_authorization(self) -> Self {
        tracing::warn!(target: "enfilade::cgi", script = %self.0.name, "insecure: the script is given Authorization");
        self.edit(|settings| settings.site.authorization = true)
    }

    /// Processes at once; four for each core unless set.
    pub fn with_max_running(self, processes: usize) -> Self {
        self.edit(|settings| settings.queue = settings.queue.with_places(processes.max(1)))
    }

    /// Requests that may wait for a place, and how long; 256 for 10 seconds unless set. Others are 503 `cgi.busy`.
    pub fn with_queue(self, requests: usize, span: Duration) -> Self {
        self.edit(|settings| {
            settings.queue.max_waiting = requests;
            settings.queue.max_wait = span;
        })
    }

    /// How long a run may take, answer and all; 10 minutes unless set. 504 `cgi.timeout`, or the body breaks off.
    pub fn with_deadline(self, span: Duration) -> Self {
        self.edit(|settings| settings.watcher.deadline = span)
    }

    /// How long a script may neither take input nor give output; a minute unless set. It ends as the deadline does.
    pub fn with_max_silence(self, span: Duration) -> Self {
        self.edit(|settings| settings.max_silence = span)
    }

    /// From SIGTERM to SIGKILL; 2 seconds unless set.
    pub fn with_grace(self, span: Duration) -> Self {
        self.edit(|settings| settings.watcher.grace = span)
    }

    /// How long children that stay after the script's end may hold its answer open; a second unless set.
    pub fn with_linger(self, span: Duration) -> Self {
        self.edit(|settings| settings.watcher.linger = span)
    }

    /// Bytes of a script's header block; 16 KiB unless set.
    pub fn with_max_head(self, bytes: usize) -> Self {
        self.edit(|settings| settings.max_head = bytes)
    }

    /// What becomes of a request body of unknown length; up to 1 MiB is buffered unless set.
    pub fn with_unsized(self, rule: Unsized) -> Self {
        self.edit(|settings| settings.without_length = rule)
    }

    /// Resource limits of each process.
    pub fn with_limits(self, limits: ProcessLimits) -> Self {
        self.edit(|settings| settings.limits = limits)
    }

    /// Who serves local redirects to paths that are not the script's own: a router, say, with the links that those
    /// paths need. Nobody, unless set.
    pub fn with_local_redirects<S, R>(self, service: S) -> Self
    where
        S: Service<Request<CgiBody>, Response = Response<R>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.edit(|settings| settings.elsewhere = Some(Elsewhere::new(service)))
    }

    fn edit(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for CgiService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CgiService").field("script", &self.0.site.script()).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for CgiService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<CgiBody>;
    type Error = Infallible;
    type Future = CgiFuture;

    /// Always ready: who waits is told so in time, by a 503.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> CgiFuture {
        CgiFuture(Box::pin(serve(self.0.clone(), request)))
    }
}

/// The future of [`CgiService`]; dropped, it kills the script. Boxed: it lives as long as a process, beside which an
/// allocation is nothing.
#[must_use = "futures do nothing unless polled"]
pub struct CgiFuture(Pin<Box<dyn Future<Output = Response<CgiBody>> + Send>>);

impl Future for CgiFuture {
    type Output = Result<Response<CgiBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for CgiFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CgiFuture")
    }
}
