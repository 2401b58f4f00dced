//! The pictures of a plan for pages and files: escaped, self-contained, readable without seeing them.

use std::time::Duration;

use enfilade_core::plan::{self, LinkKind, Mark, Marks, Plan, PlanLink, RoomMark};
use proptest::prelude::*;

fn demo() -> Plan {
    let gate = |name| PlanLink::new(name, LinkKind::Gate);
    Plan::new(
        [
            gate("auth").with_provides(["the principal"]),
            gate("cookies"),
            PlanLink::new("shop", LinkKind::App),
        ],
        [],
    )
}

fn refused() -> Marks {
    Marks::new([
        RoomMark::new(Mark::changed().with_word("ada").with_took(Duration::from_micros(7))),
        RoomMark::new(Mark::refused("cookies.too-many")),
        RoomMark::not_reached(),
    ])
}

fn all(plan: &Plan, marks: &Marks) -> [String; 3] {
    [plan.to_svg(marks), plan.to_svg_column(marks), plan.to_html(marks)]
}

#[test]
fn every_room_shows_its_name_its_word_and_its_time() {
    for picture in all(&demo(), &refused()) {
        for text in [
            ">auth<",
            ">cookies<",
            ">shop<",
            "ada",
            "7\u{a0}µs",
            "✕ refused<",
            ">cookies.too-many<",
            ">not reached<",
        ] {
            assert!(picture.contains(text), "{text} is missing in {picture}");
        }
    }
}

#[test]
fn a_refusal_shuts_one_door_and_dims_the_rooms_behind() {
    let (free, shut) = (demo().to_svg(&Marks::default()), demo().to_svg(&refused()));
    let count = |picture: &str, class: &str| picture.matches(&format!(r#"class="{class}""#)).count();
    assert_eq!((count(&free, "enf-leaf"), count(&free, "enf-shut"), count(&free, "enf-faint")), (3, 0, 0));
    assert_eq!((count(&shut, "enf-leaf"), count(&shut, "enf-shut"), count(&shut, "enf-faint")), (2, 1, 1));
}

#[test]
fn who_does_not_see_the_picture_reads_its_sentence() {
    for picture in all(&demo(), &refused()) {
        assert!(picture.contains(r#"role="img" aria-labelledby="enf-"#));
        assert!(picture.contains("<title id=\"enf-"));
        assert!(picture.contains("One request: auth: ada, 7\u{a0}µs; cookies: refused, cookies.too-many; shop was not reached.</desc>"));
    }
}

#[test]
fn a_strict_content_security_policy_lets_the_fragment_be() {
    let html = demo().to_html(&refused());
    for forbidden in [" style=", "<style", "<script", "href", "url(", "http"] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
    for needed in [".enf-row{display:none}", "@container", "prefers-color-scheme:dark", "currentColor"] {
        assert!(plan::css().contains(needed), "{needed}");
    }
    assert!(!plan::css().contains('<'), "it stands inside a style element");
}

#[test]
fn a_file_of_its_own_brings_its_style_and_nothing_from_elsewhere() {
    let svg = demo().to_svg(&Marks::default());
    assert!(svg.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg""#) && svg.ends_with("</svg>\n"));
    assert!(svg.contains("<style>") && svg.contains("prefers-color-scheme:dark"));
    assert_eq!(svg.matches("http").count(), 1, "only the name of the language");
}

#[test]
fn an_empty_chain_has_a_picture_too() {
    for picture in all(&Plan::default(), &Marks::default()) {
        assert!(picture.contains("An empty chain."));
    }
}

/// The tags of a picture, with everything between them taken away.
fn tags(picture: &str) -> Vec<&str> {
    picture.split('<').skip(1).map(|tag| tag.split(['>', ' ']).next().unwrap_or_default()).collect()
}

proptest! {
    #[test]
    fn no_text_becomes_markup(name in any::<String>(), word in any::<String>(), code in any::<String>()) {
        // Lines may break anywhere, so the tags are compared with those of a harmless chain only by kind.
        let plan = Plan::new([PlanLink::new(&name, LinkKind::Gate), PlanLink::new("<b>\"'&", LinkKind::App)], []);
        let marks = Marks::new([RoomMark::new(Mark::refused(code).with_word(word)), RoomMark::not_reached()]);
        let known = ["svg", "/svg", "style", "/style", "title", "/title", "desc", "/desc", "rect", "path", "g", "/g",
            "text", "/text", "figure", "/figure", "div", "/div"];
        for picture in all(&plan, &marks) {
            for tag in tags(&picture) {
                prop_assert!(known.contains(&tag), "{tag}: {picture}");
            }
            prop_assert_eq!(picture.matches('<').count(), picture.matches('>').count());
            prop_assert!(picture.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
