//! What every drawing of a plan shows, before anything is drawn: rooms with clean words, and where the line turns.
//!
//! ```text
//! Plan + Marks ─▶ Scene { rooms, turn: where the request turns round } ─▶ text row · text column · SVG · HTML
//! ```

use super::{Mark, Marks, Plan, PlanLink, RoomMark, RoomState, words};

/// The picture's content.
pub(super) struct Scene {
    pub(super) rooms: Vec<Room>,
    /// The last room that the request entered.
    pub(super) turn: usize,
}

/// One room.
pub(super) struct Room {
    pub(super) name: String,
    /// What it gives and needs: shown while nothing is marked.
    pub(super) gives: Vec<String>,
    pub(super) needs: Vec<String>,
    pub(super) note: Option<String>,
    pub(super) there: Option<Said>,
    pub(super) back: Option<Said>,
}

/// What a link said in one direction, in clean words.
pub(super) struct Said {
    pub(super) outcome: Outcome,
    pub(super) word: String,
    pub(super) code: Option<String>,
    pub(super) took: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Changed,
    Refused,
    NotReached,
}

impl Scene {
    pub(super) fn new(plan: &Plan, marks: &Marks) -> Self {
        let marks = marks.rooms().iter().map(Some).chain(std::iter::repeat(None));
        let rooms: Vec<Room> =
            plan.links().iter().zip(marks).map(|(link, mark)| Room::new(link, mark)).collect();
        let refused = rooms.iter().position(|room| room.went(Outcome::Refused));
        let beyond = rooms.iter().position(|room| room.went(Outcome::NotReached));
        let turn = refused.unwrap_or_else(|| beyond.unwrap_or(rooms.len()).saturating_sub(1));
        Self { rooms, turn }
    }

    /// Whether the line turns at a shut door rather than in the last room or at a hang-up.
    pub(super) fn door_is_shut(&self) -> bool {
        self.rooms.get(self.turn).is_some_and(|room| room.went(Outcome::Refused))
    }

    /// Whether the request never came into this room.
    pub(super) fn is_dim(&self, at: usize) -> bool {
        at > self.turn || self.rooms[at].went(Outcome::NotReached)
    }

    pub(super) fn is_marked(&self) -> bool {
        self.rooms.iter().any(|room| room.there.is_some())
    }
}

impl Room {
    fn new(link: &PlanLink, mark: Option<&RoomMark>) -> Self {
        Self {
            name: words::clean(link.name()),
            gives: link.provides().iter().map(|word| words::clean(word)).collect(),
            needs: link.requires().iter().map(|word| words::clean(word)).collect(),
            note: link.note().map(words::clean),
            there: mark.map(|mark| Said::new(mark.there())),
            back: mark.and_then(RoomMark::back).map(Said::new),
        }
    }

    fn went(&self, outcome: Outcome) -> bool {
        self.there.as_ref().is_some_and(|said| said.outcome == outcome)
    }
}

impl Said {
    fn new(mark: &Mark) -> Self {
        let (outcome, code) = match mark.state() {
            RoomState::Passed => (Outcome::Passed, None),
            RoomState::Changed => (Outcome::Changed, None),
            RoomState::Refused(code) => (Outcome::Refused, Some(words::clean(code))),
            RoomState::NotReached => (Outcome::NotReached, None),
        };
        Self { outcome, word: words::clean(mark.word()), code, took: mark.took().map(words::time) }
    }
}
