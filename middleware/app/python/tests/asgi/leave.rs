//! Deadlines, hang-ups, the drain.
