//! [`Cookies`]: the link that makes the jar and puts its cookies into the response. A gate and a tower layer.
//!
//! ```text
//! ──▶ make the jar, or find it ── take reserved cookies out of `Cookie` ────────────────────▶ app
//! ◀── emit the jar, if made here ── take reserved names out of the app's own `Set-Cookie` ◀── app
//! ```
//!
//! 1. Nothing is read until somebody asks the jar (reserved names ask at once).
//! 2. Auth → Cookies and Cookies → Auth both work: whoever makes the jar emits it.
//! 3. Cookies are emitted on refusals too. When the app fails with an error there is no response to carry them.
//! 4. A reserved cookie is the links' own: the app behind neither sees it nor sets it. A Rust handler still has
//!    the jar.
//!
//! ```
//! use enfilade_cookie::{Cookies, Gate, Jar};
//! use http::Request;
//!
//! let cookies = Cookies::new().reserve(["__Host-session"])?;
//! let (mut req, ()) = Request::get("/").header("cookie", "__Host-session=s3cr3t; theme=dark").body(())?.into_parts();
//! let pass = cookies.enter(&mut req).unwrap();
//! assert_eq!(req.headers["cookie"], "theme=dark");
//! assert_eq!(Jar::of(&req.extensions).unwrap().get("__Host-session"), Some(&b"s3cr3t"[..]));
//!
//! let (mut res, ()) = http::Response::builder().header("set-cookie", "__Host-session=forged").body(())?.into_parts();
//! pass.leave(&mut res);
//! assert!(!res.headers.contains_key("set-cookie"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod reserved;

use enfilade_core::{About, Gate, Gated, Gates, Pass, Verdict};
use http::request;
use tower_layer::Layer;

use self::reserved::Reserved;
use crate::{ConfigError, Jar};

/// The cookie link. Cheap to clone; a gate and a tower layer. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use = "a link does nothing until it stands in a chain"]
pub struct Cookies {
    reserved: Reserved,
    limit: Option<usize>,
}

impl Cookies {
    /// Makes the jar; reserves nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps these names (on the wire, prefix and all) from the app behind, in any spelling that an app could
    /// take for them, and drops what it sets under them.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Name`], for what no cookie can be called.
    pub fn reserve<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.reserved = self.reserved.with(names.into_iter().map(Into::into))?;
        Ok(self)
    }

    /// How many bytes of header the servers on the way accept, of which cookies may take half. Default: 16 KiB.
    ///
    /// Count every proxy before this server too: what one of them refuses (400 or 431) locks the user out.
    pub fn with_header_limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes / 2);
        self
    }
}

impl Gate for Cookies {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let (jar, emit) = Jar::enter(req);
        if let Some(limit) = self.limit {
            jar.set_limit(limit);
        }
        if self.reserved.is_empty() {
            return Ok(emit.map_or(Pass::Now, Pass::from));
        }
        self.reserved.hide(&mut req.headers);
        let reserved = self.reserved.clone();
        Ok(Pass::then(move |res| {
            // First, or our own lines of that name would go too.
            reserved.protect(&mut res.headers);
            if let Some(emit) = emit {
                emit.run(res);
            }
        }))
    }

    fn about(&self) -> About {
        About::of::<Self>().provides::<Jar>()
    }
}

impl<S> Layer<S> for Cookies {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gates::of(self.clone()).layer(inner)
    }
}
