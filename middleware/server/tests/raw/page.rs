//! The tables as one page of the crate's documentation.
//!
//! ```text
//! GROUPS ──▶ Markdown ── compared with ──▶ src/verdicts.md      ENFILADE_UPDATE=1 writes it
//! ```

use std::{fmt::Write as _, fs, path::Path};

use crate::{
    http1, http2,
    verdict::{Verdict, link},
};

/// Longer requests are cut in the middle.
const WIDTH: usize = 110;

#[test]
fn the_page_of_verdicts_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verdicts.md");
    let page = page();
    if std::env::var_os("ENFILADE_UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "{} is not what the tables say: ENFILADE_UPDATE=1 writes it anew", path.display());
}

#[test]
fn there_are_as_many_requests_as_were_asked_for() {
    let (one, two) = counts();
    assert!(one + two >= 120 && two >= 60, "{one} over HTTP/1, {two} over HTTP/2");
}

fn counts() -> (usize, usize) {
    let one = http1::GROUPS.iter().map(|(_, rows)| rows.len()).sum();
    let two = http2::GROUPS.iter().map(|(_, rows)| rows.len()).sum();
    (one, two)
}

fn page() -> String {
    let (one, two) = counts();
    let mut page = format!("{one} requests over HTTP/1 and {two} over HTTP/2.\n");
    for (group, rows) in http1::GROUPS {
        open(&mut page, group, "bytes");
        for (name, raw, verdict, clause) in rows {
            line(&mut page, name, &raw.escape_ascii().to_string(), *verdict, clause);
        }
    }
    for (group, rows) in http2::GROUPS {
        open(&mut page, group, "frames");
        for (name, parts, verdict, clause) in rows {
            let text: Vec<_> = parts.iter().map(|part| part.text()).collect();
            line(&mut page, name, &text.join(" + "), *verdict, clause);
        }
    }
    page
}

fn open(page: &mut String, group: &str, what: &str) {
    let _ = write!(page, "\n## {group}\n\n| | {what} | verdict | by |\n|---|---|---|---|\n");
}

fn line(page: &mut String, name: &str, sent: &str, verdict: Verdict, clause: &str) {
    let sent = code(&short(sent));
    let verdict = verdict.to_string().replace('|', "\\|");
    let _ = writeln!(page, "| {name} | {sent} | {verdict} | {} |", link(clause));
}

fn short(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    match all.len() {
        ..=WIDTH => text.to_owned(),
        length => {
            let (from, to) = (WIDTH * 2 / 3, length - WIDTH / 3);
            format!("{} … {}", all[..from].iter().collect::<String>(), all[to..].iter().collect::<String>())
        }
    }
}

/// Code in a table: a fence longer than what it holds, and no bar that would end the cell.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    let pad = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}
