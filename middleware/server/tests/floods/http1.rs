//! The same over HTTP/1, where one request is answered after the other.

use crate::kit::{End, Flood, withstand};

const POST: &[u8] = b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn nothing() -> Vec<u8> {
    Vec::new()
}

fn post() -> Vec<u8> {
    POST.to_vec()
}

/// What is not read is not answered, and what is not answered is not read.
#[test]
fn a_pipeline_whose_answers_nobody_reads_is_held_back() {
    let round = |_| b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4);
    let end = withstand(Flood { first: nothing, round, reads: false, few: 100, ..Flood::default() });
    assert_eq!(end, End::HeldBack);
}

#[test]
fn a_pipeline_that_is_read_goes_on_one_by_one() {
    let round = |_| b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4);
    let end = withstand(Flood { first: nothing, round, few: 50, ..Flood::default() });
    assert_eq!(end, End::Endless);
}

/// The app never answers: what follows waits in a buffer of 64 KiB, and then in the client.
#[test]
fn a_pipeline_behind_a_slow_app_is_held_back() {
    fn first() -> Vec<u8> {
        b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()
    }
    let round = |_| b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(8);
    // Its own client waits for as long as the app does: nothing is to be ended here, so nobody waits for the end.
    let end = withstand(Flood { first, round, unseen: true, few: 50, ..Flood::default() });
    assert_eq!(end, End::Waits);
}

#[test]
fn chunks_of_one_byte_are_counted_like_others() {
    let round = |_| b"1\r\nx\r\n".repeat(64);
    assert_eq!(withstand(Flood { first: post, round, ..Flood::default() }), End::Endless);
}

#[test]
fn a_chunks_extension_without_an_end_is_ended() {
    fn first() -> Vec<u8> {
        [POST, b"1;"].concat()
    }
    let round = |_| b"x".repeat(512);
    assert_eq!(withstand(Flood { first, round, few: 50, ..Flood::default() }), End::Closed);
}

#[test]
fn trailers_without_an_end_are_ended() {
    fn first() -> Vec<u8> {
        [POST, b"0\r\n"].concat()
    }
    let round = |n| format!("x-{n}: {}\r\n", "y".repeat(100)).into_bytes();
    assert_eq!(withstand(Flood { first, round, few: 50, ..Flood::default() }), End::Closed);
}

#[test]
fn empty_lines_before_a_request_are_ended() {
    let round = |_| b"\r\n".repeat(256);
    let end = withstand(Flood { first: nothing, round, few: 150, ..Flood::default() });
    assert_eq!(end, End::Closed);
}

#[test]
fn a_head_without_an_end_is_ended() {
    fn first() -> Vec<u8> {
        b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec()
    }
    let round = |n| format!("x-{n}: {}\r\n", "y".repeat(100)).into_bytes();
    assert_eq!(withstand(Flood { first, round, few: 50, ..Flood::default() }), End::Closed);
}
