//! Floods by frames that open no stream.

use crate::{
    frames::{
        self, DATA, END, GOAWAY, PING, PRIORITY, SETTINGS, frame, headers, request, settings, window_update,
    },
    kit::{End, Flood, opening, stream, withstand},
};

/// Sixteen of a frame.
macro_rules! many {
    ($frame:expr) => {
        |_| $frame.repeat(16)
    };
}

/// CVE-2019-9515. Each is answered, and the next is read only when that answer has left.
#[test]
fn a_flood_of_settings_is_answered_one_by_one() {
    let round = many!(settings(&[(3, 1)]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
    let round = |_| settings(&[(3, 1)]).repeat(64);
    assert_eq!(withstand(Flood { round, reads: false, ..Flood::default() }), End::HeldBack);
}

#[test]
fn settings_that_change_every_window_cost_no_memory() {
    let round = |n| [settings(&[(4, n % 2 * 1000)]), settings(&[(1, n % 2 * 4096)])].concat();
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

/// CVE-2019-9512.
#[test]
fn a_flood_of_pings_is_answered_one_by_one() {
    let round = many!(frame(PING, 0, 0, &[7; 8]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
    let round = |_| frame(PING, 0, 0, &[7; 8]).repeat(64);
    assert_eq!(withstand(Flood { round, reads: false, ..Flood::default() }), End::HeldBack);
}

#[test]
fn answers_to_pings_that_nobody_sent_are_dropped() {
    let round = many!(frame(PING, END, 0, &[7; 8]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

#[test]
fn acknowledgements_of_settings_that_nobody_sent_end_the_connection() {
    let round = many!(frame(SETTINGS, END, 0, &[]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Goaway("PROTOCOL_ERROR"));
}

/// CVE-2019-9513. There is no tree of priorities (RFC 9113 §5.3.2).
#[test]
fn a_flood_of_priorities_builds_no_tree() {
    let round = |n| {
        let one = |n| frame(PRIORITY, 0, stream(n), &[0, 0, 0, 0, 16]);
        (n * 16..n * 16 + 16).flat_map(one).collect()
    };
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

#[test]
fn a_flood_of_window_updates_is_added_up() {
    let round = many!(window_update(0, 1));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

/// CVE-2019-9518. A hundred are too many.
#[test]
fn a_flood_of_empty_data_is_ended() {
    fn first() -> Vec<u8> {
        [opening(), headers(1, 0, &request("POST", "/read"))].concat()
    }
    let round = |_| frame(DATA, 0, 1, &[]);
    let end = withstand(Flood { first, round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// A window of a million bytes holds a million frames of one: h2 keeps a budget for what each frame costs beside its bytes.
#[test]
fn a_flood_of_tiny_data_that_nobody_reads_is_ended() {
    fn first() -> Vec<u8> {
        [opening(), headers(1, 0, &request("POST", "/hang"))].concat()
    }
    let round = many!(frame(DATA, 0, 1, b"x"));
    let end = withstand(Flood { first, round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn frames_of_unknown_kinds_are_dropped() {
    let round = many!(frame(0xbb, 0xff, 0, &[1; 64]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

#[test]
fn promises_of_a_client_end_the_connection() {
    let round = |_| frame(frames::PUSH_PROMISE, 4, 1, &[0, 0, 0, 2]);
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Goaway("PROTOCOL_ERROR"));
}

#[test]
fn a_flood_of_goodbyes_ends_the_connection() {
    let round = many!(frame(GOAWAY, 0, 0, &[0; 8]));
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Goaway("NO_ERROR"));
}
