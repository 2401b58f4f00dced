//! Floods by streams: opened, reset, left open, never read.

use crate::{
    frames::{self, DATA, END, HEADERS, WHOLE, frame, headers, request, reset, window_update},
    kit::{End, Flood, opening, stream, withstand},
};

const CANCEL: u32 = 8;

fn get(n: u32, path: &str) -> Vec<u8> {
    headers(stream(n), END, &request("GET", path))
}

fn post(n: u32, path: &str) -> Vec<u8> {
    headers(stream(n), 0, &request("POST", path))
}

/// CVE-2023-44487. Resets that arrive before the requests were looked at are counted, and twenty are too many.
#[test]
fn rapid_reset_in_bursts_is_ended() {
    let round = |n| {
        (n * 32..n * 32 + 32).flat_map(|n| [get(n, "/hang"), reset(stream(n), CANCEL)].concat()).collect()
    };
    let end = withstand(Flood { round, few: 50, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// Resets that come after the request was begun are within the rules, and nothing counts them: they cost what a request costs.
#[test]
fn rapid_reset_one_by_one_goes_on_and_leaves_nothing_behind() {
    let round = |n| if n % 2 == 0 { get(n / 2, "/hang") } else { reset(stream(n / 2), CANCEL) };
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

/// RFC 9113 §6.9 asks for an error of the stream; h2 takes it for one of the connection.
#[test]
fn made_you_reset_by_a_window_update_of_nothing_is_ended_at_once() {
    let round = |n| [post(n, "/hang"), window_update(stream(n), 0)].concat();
    let end = withstand(Flood { round, few: 50, ..Flood::default() });
    assert_eq!(end, End::Goaway("PROTOCOL_ERROR"));
}

/// CVE-2025-8671: the client breaks a rule of its stream, so that the server resets it. 1024 are too many.
#[test]
fn made_you_reset_by_a_window_that_overflows_is_ended() {
    let round = |n| [post(n, "/hang"), window_update(stream(n), u32::MAX >> 1)].concat();
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn made_you_reset_by_more_data_than_was_announced_is_ended() {
    let round = |n| {
        let fields = [&request("POST", "/hang")[..], &[("content-length", b"1")]].concat();
        [headers(stream(n), 0, &fields), frame(DATA, 0, stream(n), b"xy")].concat()
    };
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn made_you_reset_by_a_malformed_head_is_ended() {
    let round =
        |n| headers(stream(n), END, &[&request("GET", "/")[..], &[("connection", b"close")]].concat());
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// Streams over the limit are refused one by one, whether the client reads the refusals or not.
#[test]
fn streams_over_the_limit_are_refused_and_cost_nothing() {
    let round = |n| get(n, "/hang");
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn streams_over_the_limit_whose_refusals_are_not_read_are_ended_alike() {
    let round = |n| get(n, "/hang");
    let end = withstand(Flood { round, reads: false, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// What a body may send ahead of the app is the connection's window, for all streams together.
#[test]
fn bodies_that_nobody_reads_stop_at_the_window() {
    let round = |n| match n {
        0..64 => post(n, "/hang"),
        _ => frame(DATA, 0, stream(n % 64), &[b'x'; 4 << 10]),
    };
    let end = withstand(Flood { round, few: 500, ..Flood::default() });
    assert_eq!(end, End::Goaway("FLOW_CONTROL_ERROR"));
}

/// The app reads, so that windows are given back: a body ends at `max_body_size`.
#[test]
fn bodies_that_never_end_end_at_the_limit() {
    let round = |n| match n % 256 {
        0 => post(n / 256, "/read"),
        _ => frame(DATA, 0, stream(n / 256), &[b'x'; 16 << 10]),
    };
    let end = withstand(Flood { round, few: 500, ..Flood::default() });
    assert_eq!(end, End::Endless);
}

/// A client that takes nothing of a hundred responses; those over the limit are refused.
#[test]
fn responses_without_a_window_hold_a_hundred_streams_and_no_more() {
    fn first() -> Vec<u8> {
        [opening(), frames::settings(&[(4, 0)])].concat()
    }
    let round = |n| get(n, "/");
    let end = withstand(Flood { first, round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn responses_that_are_not_read_hold_the_client_back() {
    fn first() -> Vec<u8> {
        [opening(), window_update(0, 1 << 30), frames::settings(&[(4, 1 << 30)])].concat()
    }
    let round = |n| get(n, "/");
    let end = withstand(Flood { first, round, reads: false, ..Flood::default() });
    assert_eq!(end, End::HeldBack);
}

/// Windows that open by one byte at a time: each lets out a frame of one byte.
#[test]
fn windows_of_one_byte_cost_what_is_sent_and_no_memory() {
    fn first() -> Vec<u8> {
        [opening(), frames::settings(&[(4, 0)]), get(0, "/")].concat()
    }
    let round = |_| window_update(1, 1);
    assert_eq!(withstand(Flood { first, round, ..Flood::default() }), End::Endless);
}

#[test]
fn trailers_end_a_stream_once() {
    let round = |n| {
        let trailers = [("digest", &[b'x'; 100][..])].repeat(80);
        [post(n, "/read"), frame(HEADERS, WHOLE | END, stream(n), &frames::block(&trailers))].concat()
    };
    assert_eq!(withstand(Flood { round, few: 50, ..Flood::default() }), End::Endless);
}

#[test]
fn trailers_that_do_not_end_their_stream_are_ended() {
    let round =
        |n| [post(n, "/read"), frame(HEADERS, WHOLE, stream(n), &frames::block(&[("a", b"b")]))].concat();
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// The client says that it is done, and opens streams all the same: the server says the same, and closes.
#[test]
fn a_client_that_said_goodbye_opens_no_streams() {
    fn first() -> Vec<u8> {
        [opening(), frame(frames::GOAWAY, 0, 0, &[0; 8])].concat()
    }
    let round = |n| get(n, "/");
    let end = withstand(Flood { first, round, few: 50, ..Flood::default() });
    assert_eq!(end, End::Goaway("NO_ERROR"));
}

/// The one frame of each body is the app's own memory: a client that opens no window holds at most a hundred.
#[test]
fn large_answers_that_are_not_taken_are_held_for_a_hundred_streams_and_no_more() {
    fn first() -> Vec<u8> {
        [opening(), frames::settings(&[(4, 1)])].concat()
    }
    let round = |n| get(n, "/large");
    let end = withstand(Flood { first, round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}
