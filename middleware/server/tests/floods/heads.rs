//! Floods by heads: without an end, larger than they look, in crumbs.

use crate::{
    frames::{CONTINUATION, END, HEADERS, WHOLE, block, frame, headers, push_length, request},
    kit::{End, Flood, stream, withstand},
};

/// CVE-2024-27316. h2 counts them.
#[test]
fn a_head_that_is_continued_for_ever_is_ended() {
    let round = |n| match n {
        0 => frame(HEADERS, 0, 1, &block(&request("GET", "/"))),
        _ => frame(CONTINUATION, 0, 1, &block(&[("x", &[b'x'; 100])])),
    };
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

#[test]
fn a_head_that_is_continued_by_nothing_is_ended() {
    let round = |n| match n {
        0 => frame(HEADERS, 0, 1, &block(&request("GET", "/"))),
        _ => frame(CONTINUATION, 0, 1, &[]),
    };
    let end = withstand(Flood { round, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// CVE-2016-6581: one entry of the table, named thousands of times by one byte each. Over 16 KiB it is dropped, over
/// four times as much it is taken for an attack.
#[test]
fn a_hpack_bomb_is_ended() {
    let round = |n| {
        let mut fields = block(&request("GET", "/"));
        if n == 0 {
            // A literal that is indexed: entry 62 from then on.
            fields.extend([0x40, 1, b'x']);
            push_length(&mut fields, 4000);
            fields.extend([b'y'; 4000]);
        } else {
            fields.extend([0xbe; 4000]);
        }
        frame(HEADERS, WHOLE | END, stream(n), &fields)
    };
    let end = withstand(Flood { round, few: 25, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// A table that grows and shrinks with every request stays in the 4 KiB that the server has announced.
#[test]
fn a_table_that_is_filled_again_and_again_stays_small() {
    let round = |n| {
        let mut fields = vec![0x20, 0x3f, 0xe1, 0x1f];
        fields.extend(block(&request("HEAD", "/")));
        fields.extend([0x40, 4]);
        fields.extend(format!("{:04}", n % 10_000).into_bytes());
        push_length(&mut fields, 3000);
        fields.extend([b'y'; 3000]);
        frame(HEADERS, WHOLE | END, stream(n), &fields)
    };
    assert_eq!(withstand(Flood { round, ..Flood::default() }), End::Endless);
}

/// Ten thousand cookies of a request, each a crumb (RFC 9113 §8.2.3): over 16 KiB it is 431.
#[test]
fn ten_thousand_cookie_crumbs_are_refused_whole() {
    let round = |n| {
        let mut crumbs = vec![frame(HEADERS, END, stream(n), &block(&request("GET", "/")))];
        // Entry 32 of the static table is `cookie`: five bytes a crumb.
        let crumb = [0x0f, 0x11, 2, b'a', b'='];
        crumbs.extend((0..4).map(|part| {
            frame(CONTINUATION, if part == 3 { WHOLE } else { 0 }, stream(n), &crumb.repeat(2500))
        }));
        crumbs.concat()
    };
    let end = withstand(Flood { round, few: 8, ..Flood::default() });
    assert_eq!(end, End::Goaway("ENHANCE_YOUR_CALM"));
}

/// Each is 431, and nothing more.
#[test]
fn heads_over_the_limit_leave_nothing_behind() {
    let round = |n| {
        let large = [("x", &[b'x'; 1000][..])].repeat(15);
        let small = [("y", &b"a value of some length"[..])].repeat(20);
        headers(stream(n), END, &[&request("GET", "/")[..], &large, &small].concat())
    };
    assert_eq!(withstand(Flood { round, few: 50, ..Flood::default() }), End::Endless);
}
