//! What each link said about one request, for drawings: [`Marks`], one [`RoomMark`] per link.
//!
//! ```text
//! RoomMark ─┬─ there: Mark { Passed | Changed | Refused(code) | NotReached, word, took }
//!           └─ back:  the same for the way back, where it is known
//! ```
//!
//! ```
//! use enfilade_core::plan::{Mark, Marks, RoomMark};
//! use std::time::Duration;
//!
//! let marks = Marks::new([
//!     RoomMark::new(Mark::changed().with_word("ada").with_took(Duration::from_micros(12)))
//!         .with_back(Mark::passed()),
//!     RoomMark::new(Mark::refused("limit.too-many")),
//!     RoomMark::not_reached(),
//! ]);
//! assert_eq!(marks.rooms().len(), 3);
//! ```

use std::{borrow::Cow, time::Duration};

/// One [`RoomMark`] per link, in the order of the plan; links beyond the last are drawn unmarked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Marks(Vec<RoomMark>);

impl Marks {
    /// The marks, outermost link first.
    pub fn new(rooms: impl IntoIterator<Item = RoomMark>) -> Self {
        Self(rooms.into_iter().collect())
    }

    /// The marks, outermost link first.
    pub fn rooms(&self) -> &[RoomMark] {
        &self.0
    }
}

/// What one link said, on the way in and perhaps on the way back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RoomMark {
    there: Mark,
    back: Option<Mark>,
}

impl RoomMark {
    /// What the link said on the way in.
    pub fn new(there: Mark) -> Self {
        Self { there, back: None }
    }

    /// The request did not come this far.
    pub fn not_reached() -> Self {
        Self::new(Mark::of(RoomState::NotReached))
    }

    /// What the link said on the way back.
    pub fn with_back(mut self, back: Mark) -> Self {
        self.back = Some(back);
        self
    }

    /// The way in.
    pub fn there(&self) -> &Mark {
        &self.there
    }

    /// The way back, where it is known.
    pub fn back(&self) -> Option<&Mark> {
        self.back.as_ref()
    }
}

/// What a link said in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Mark {
    state: RoomState,
    word: Option<Cow<'static, str>>,
    took: Option<Duration>,
}

impl Mark {
    /// It let the message pass as it was.
    pub fn passed() -> Self {
        Self::of(RoomState::Passed)
    }

    /// It let the message pass, changed.
    pub fn changed() -> Self {
        Self::of(RoomState::Changed)
    }

    /// It refused, with the reason code of its [`Rejection`](crate::Rejection).
    pub fn refused(code: impl Into<Cow<'static, str>>) -> Self {
        Self::of(RoomState::Refused(code.into()))
    }

    /// The link's own word, in place of "passed", "changed" or "refused".
    pub fn with_word(mut self, word: impl Into<Cow<'static, str>>) -> Self {
        self.word = Some(word.into());
        self
    }

    /// How long the link took in this direction, the links behind it not counted.
    pub fn with_took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// What happened.
    pub fn state(&self) -> &RoomState {
        &self.state
    }

    /// The link's own word, or the state's.
    pub fn word(&self) -> &str {
        self.word.as_deref().unwrap_or_else(|| self.state.word())
    }

    /// How long it took.
    pub fn took(&self) -> Option<Duration> {
        self.took
    }

    fn of(state: RoomState) -> Self {
        Self { state, word: None, took: None }
    }
}

/// What happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomState {
    /// The message passed as it was.
    Passed,
    /// The message passed, changed.
    Changed,
    /// The link refused; the reason code.
    Refused(Cow<'static, str>),
    /// The message did not come this far.
    NotReached,
}

impl RoomState {
    /// `"passed"`, `"changed"`, `"refused"` or `"not reached"`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Refused(_) => "refused",
            Self::NotReached => "not reached",
        }
    }
}
