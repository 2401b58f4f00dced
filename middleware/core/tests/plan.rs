//! Plans: the pictures for a terminal, the comparison, the sentence, and any name at all.

use std::time::Duration;

use enfilade_core::plan::{LinkKind, Mark, Marks, Plan, PlanLink, RoomMark, TextStyle};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

fn demo() -> Plan {
    Plan::new(
        [
            PlanLink::new("refusals", LinkKind::Layer),
            PlanLink::new("csrf", LinkKind::Layer),
            PlanLink::new("auth", LinkKind::Gate)
                .with_provides(["the principal", "the cookie jar"])
                .with_requires(["the cookie jar"]),
            PlanLink::new("cookies", LinkKind::Gate).with_provides(["the cookie jar"]),
            PlanLink::new("demo", LinkKind::App).with_requires(["the principal"]),
        ],
        [],
    )
}

fn passed() -> Marks {
    let us = Duration::from_micros;
    Marks::new([
        RoomMark::new(Mark::passed().with_took(us(2))),
        RoomMark::new(Mark::passed().with_took(us(1))),
        RoomMark::new(Mark::changed().with_word("ada, by cookie").with_took(us(38))),
        RoomMark::new(Mark::passed().with_took(us(3)))
            .with_back(Mark::changed().with_word("1 cookie set").with_took(us(11))),
        RoomMark::new(Mark::passed().with_word("200 OK").with_took(Duration::from_micros(1234))),
    ])
}

fn refused() -> Marks {
    let us = Duration::from_micros;
    Marks::new([
        RoomMark::new(Mark::passed().with_took(us(2))),
        RoomMark::new(Mark::passed().with_took(us(1))),
        RoomMark::new(Mark::refused("auth.token-expired").with_took(us(38))),
        RoomMark::not_reached(),
        RoomMark::not_reached(),
    ])
}

fn texts(plan: &Plan, marks: &Marks) -> impl Iterator<Item = (usize, String)> {
    (1..130).map(move |width| (width, plan.to_text_with(marks, &TextStyle::new(width))))
}

fn columns(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[test]
fn a_chain_is_rooms_in_a_row_with_their_doors_in_one_line() {
    let picture = "
         ┌──────────┬──────┬──────┬─────────┬──────┐
         │ refusals │ csrf │ auth │ cookies │ demo │
         ╵          ╵      ╵      ╵         ╵      │
client ────▶─────────────────────────────────────╮ │
       ◀─────────────────────────────────────────╯ │
         ╷          ╷      ╷      ╷         ╷      │
         └──────────┴──────┴──────┴─────────┴──────┘
";
    assert_eq!(demo().to_string(), picture[1..]);
}

#[test]
fn a_refusal_shuts_its_door_and_says_its_code_and_the_rooms_behind_are_dim() {
    let picture = "
         +----------+--------+--------------------+-------------+-------------+
         | refusals | csrf   | auth               | cookies     : demo        :
         '          '        '                    |             :             :
client ---->------------------------------------+ |             :             :
       <----------------------------------------+ |             :             :
         .          .        .                    |             :             :
         | passed   | passed | x refused          | not reached : not reached :
         | 2 us     | 1 us   | auth.token-expired |             :             :
         |          |        | 38 us              |             :             :
         +----------+--------+--------------------+-------------+-------------+
";
    assert_eq!(demo().to_text_with(&refused(), &TextStyle::new(80).with_unicode(false)), picture[1..]);
}

#[test]
fn a_narrow_window_gets_the_rooms_below_each_other() {
    let picture = "
   client
   ▼ ▲
┌─╴│ │╶───────────────────────────────┐
│  │ │  refusals  passed, 2\u{a0}µs        │
├─╴│ │╶───────────────────────────────┤
│  │ │  csrf      passed, 1\u{a0}µs        │
├─╴│ │╶───────────────────────────────┤
│  │ │  auth      ✕ refused, 38\u{a0}µs    │
│  ╰─╯            auth.token-expired  │
├━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┤
╎       cookies   not reached         ╎
├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┤
╎       demo      not reached         ╎
└╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘
";
    assert_eq!(demo().to_text_with(&refused(), &TextStyle::new(44)), picture[1..]);
}

#[test]
fn no_picture_is_wider_than_its_window_and_none_loses_a_name() {
    for marks in [Marks::default(), passed(), refused()] {
        for (width, text) in texts(&demo(), &marks) {
            assert!(columns(&text) <= width, "{width}: \n{text}");
            assert!(width < 16 || demo().links().iter().all(|link| text.contains(link.name())), "{text}");
        }
    }
}

#[test]
fn colours_only_repeat_what_the_picture_says_without_them() {
    for (width, plain) in texts(&demo(), &refused()) {
        let colored = demo().to_text_with(&refused(), &TextStyle::new(width).with_color(true));
        let mut stripped = String::new();
        for (nth, piece) in colored.split('\x1b').enumerate() {
            stripped.push_str(if nth == 0 { piece } else { piece.split_once('m').unwrap().1 });
        }
        assert_eq!(stripped, plain);
        assert!(!plain.contains('\x1b'));
    }
}

#[test]
fn a_name_cannot_reach_the_terminal_as_a_control_sequence() {
    let evil = PlanLink::new("a\x1b[2J\r\n\u{202e}b", LinkKind::Gate);
    let text = Plan::new([evil], ["\x1b]0;owned\x07".into()]).to_text(&TextStyle::new(80));
    assert!(text.contains(r"a\u{1b}[2J\u{d}\u{a}\u{202e}b"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn warnings_stand_below_the_picture_within_the_window() {
    let warning = "cors stands behind auth, and a preflight carries no credentials";
    let plan = Plan::new([PlanLink::new("auth", LinkKind::Gate)], [warning.into()]);
    let text = plan.to_text(&TextStyle::new(40));
    assert!(
        text.ends_with("! cors stands behind auth, and a\n  preflight carries no credentials\n"),
        "{text}"
    );
}

#[test]
fn the_sentence_tells_those_who_do_not_see_the_picture() {
    assert_eq!(
        demo().to_sentence(&Marks::default()),
        "A request passes refusals, csrf, auth and cookies and reaches demo; \
         the response goes back through the same rooms."
    );
    assert_eq!(
        demo().to_sentence(&refused()),
        "One request: refusals: passed, 2\u{a0}µs; csrf: passed, 1\u{a0}µs; \
         auth: refused, auth.token-expired, 38\u{a0}µs; cookies and demo were not reached."
    );
    assert_eq!(Plan::default().to_sentence(&Marks::default()), "An empty chain.");
}

fn gate(name: &str) -> PlanLink {
    PlanLink::new(name, LinkKind::Gate)
}

#[test]
fn a_diff_names_what_came_went_moved_and_changed() {
    let shop = || PlanLink::new("shop", LinkKind::App);
    let before = Plan::new([gate("auth"), gate("csrf"), gate("trace"), shop()], []);
    let auth = gate("auth").with_provides(["the principal"]);
    let after = Plan::new([gate("csrf"), auth, gate("limit"), shop()], ["odd".into()]);
    assert_eq!(
        before.diff(&after).to_string(),
        "- trace (gate)\n\
         > csrf moved: now first\n\
         ~ auth now gives the principal\n\
         + limit (gate), behind auth\n\
         ! new warning: odd\n"
    );
    assert!(before.diff(&before).is_empty());
    assert_eq!(before.diff(&before).to_string(), "the chains are the same\n");
}

#[test]
fn two_links_of_one_name_are_compared_in_order() {
    let two = Plan::new([gate("log"), gate("auth"), gate("log")], []);
    let one = Plan::new([gate("log"), gate("auth")], []);
    assert_eq!(one.diff(&two).to_string(), "+ log (gate), behind auth\n");
    assert_eq!(two.diff(&one).to_string(), "- log (gate)\n");
}

#[test]
fn the_output_decides_about_colours_and_characters() {
    let plain = TextStyle::new(80).with_unicode(false);
    for (terminal, env, expected) in [
        (true, &[][..], plain.with_color(true)),
        (false, &[("LANG", "C.UTF-8")], plain.with_unicode(true)),
        (true, &[("LC_ALL", "C"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")], plain),
        (true, &[("LC_ALL", ""), ("LC_CTYPE", "de_DE.utf8"), ("NO_COLOR", "1")], plain.with_unicode(true)),
        (true, &[("TERM", "dumb")], plain),
        (true, &[("TERM", "xterm"), ("NO_COLOR", "")], plain.with_color(true)),
    ] {
        let style = TextStyle::for_output(terminal, None, |name| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(style, expected, "{terminal} {env:?}");
    }
}

proptest! {
    #[test]
    fn any_names_fit_any_window(
        names in prop::collection::vec(any::<String>(), 0..6),
        codes in prop::collection::vec(any::<String>(), 0..6),
        width in 1usize..130,
    ) {
        let plan = Plan::new(names.iter().map(|name| gate(name)), codes.clone());
        let marks = Marks::new(codes.into_iter().map(|code| RoomMark::new(Mark::refused(code))));
        let text = plan.to_text_with(&marks, &TextStyle::new(width));
        prop_assert!(columns(&text) <= width, "{}", text);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        let ascii = plan.to_text_with(&marks, &TextStyle::new(width).with_unicode(false));
        prop_assert!(ascii.is_ascii() && columns(&ascii) <= width);
    }

    #[test]
    fn a_plan_survives_json(names in prop::collection::vec(any::<String>(), 0..6)) {
        let links = names.iter().map(|name| gate(name).with_note(name).with_provides([name]));
        let plan = Plan::new(links, names.clone());
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }
}
