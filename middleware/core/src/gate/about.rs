//! What a link says about itself: its name, what it provides and what it requires.
//!
//! ```text
//! About { name: "sign-in", requires: [Jar], provides: [Principal] }
//! ```
//!
//! The word for a capability is a *type*, so a typo does not compile, and a handler extracts that same type.
//!
//! ```
//! use enfilade_core::{About, Principal};
//!
//! let about = About::named("require-login").requires::<Principal>();
//! assert_eq!(about.name(), "require-login");
//! assert_eq!(about.required()[0].name(), "the principal");
//! ```

use std::{any, borrow::Cow, fmt};

/// A type that links hand to the links behind them: `Principal`, `Jar`, `Session`, or one of yours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a link can provide",
    note = "implement `Provided` for it: a NAME for people (\"the tenant\") and BY, the link that gives it"
)]
pub trait Provided: Send + Sync + 'static {
    /// What people call it, with its article: `"the principal"`.
    const NAME: &'static str;
    /// Which link usually gives it, with its crate: ``"`Auth` (enfilade-auth)"``.
    const BY: &'static str;
}

/// One capability: the identity of a [`Provided`] type and its words.
#[derive(Clone, Copy)]
pub struct Capability {
    id: any::TypeId,
    name: &'static str,
    by: &'static str,
}

impl Capability {
    /// The capability that `T` stands for.
    pub fn of<T: Provided>() -> Self {
        Self { id: any::TypeId::of::<T>(), name: T::NAME, by: T::BY }
    }

    /// What people call it: [`Provided::NAME`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Which link usually gives it: [`Provided::BY`].
    pub fn by(&self) -> &'static str {
        self.by
    }
}

impl PartialEq for Capability {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Capability {}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A link's description of itself; [`Chain`](crate::Chain) checks orders with it and draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct About {
    name: Cow<'static, str>,
    provides: Vec<Capability>,
    requires: Vec<Capability>,
}

impl About {
    /// Names the link after its type, in kebab case: `RequireLogin` becomes `require-login`.
    pub fn of<T: ?Sized>() -> Self {
        Self::named(kebab(any::type_name::<T>()))
    }

    /// Names the link.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), provides: Vec::new(), requires: Vec::new() }
    }

    /// Gives the link another name.
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Says that links behind this one can rely on `T`.
    pub fn provides<T: Provided>(mut self) -> Self {
        self.provides.push(Capability::of::<T>());
        self
    }

    /// Says that this link cannot work unless it, or one before it, provides `T`.
    pub fn requires<T: Provided>(mut self) -> Self {
        self.requires.push(Capability::of::<T>());
        self
    }

    /// Adds what a part of this link provides and requires; the name stays.
    pub fn including(mut self, part: &About) -> Self {
        self.provides.extend_from_slice(&part.provides);
        self.requires.extend_from_slice(&part.requires);
        self
    }

    /// The link's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the link gives.
    pub fn provided(&self) -> &[Capability] {
        &self.provides
    }

    /// What the link needs.
    pub fn required(&self) -> &[Capability] {
        &self.requires
    }
}

/// `my::module::RequireLogin<T>` → `require-login`.
fn kebab(type_name: &str) -> String {
    let without_generics = type_name.split('<').next().unwrap_or(type_name);
    let last = without_generics.rsplit("::").next().unwrap_or(without_generics);
    let mut name = String::with_capacity(last.len() + 4);
    let mut after_capital = true;
    for c in last.chars() {
        // A run of capitals is one word: `HTTPGate` is no `h-t-t-p-gate`.
        if c.is_ascii_uppercase() && !after_capital {
            name.push('-');
        }
        after_capital = c.is_ascii_uppercase();
        name.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    name
}
