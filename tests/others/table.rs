//! The table in Markdown: a row for each layer, below it what each mark means.
//!
//! ```text
//! | timeout | ✓ | ✓ | – | ✗ |      ✗ a fault: why, where, the script     – by purpose: why     · not asked
//! ```

use std::fmt::Write as _;

use enfilade_test::{
    Law,
    laws::{Break, Finding},
};

use crate::{Held, row::Fault, source::Sources};

pub(crate) fn of(groups: &[Vec<Held>]) -> String {
    let sources = Sources::read();
    let marks: String = groups.iter().map(|group| marks(group, &sources)).collect();
    let rows: Vec<_> = groups.iter().flatten().collect();
    [marks, purposes(&rows), faults(&rows, &sources)].concat()
}

/// One table: of a package, whose name stands in its head, or of several.
fn marks(group: &[Held], sources: &Sources) -> String {
    let of_one = group.iter().all(|row| row.package == group[0].package);
    let title = |row: &Held| format!("{} {}", name(row.package), sources.version(row.package));
    let mut table = format!("| {} |", if of_one { title(&group[0]) } else { String::new() });
    for number in 1..=Law::ALL.len() {
        put(&mut table, format_args!(" {number} |"));
    }
    put(&mut table, format_args!("\n|---|{}\n", "---|".repeat(Law::ALL.len())));
    for row in group {
        let marks: Vec<_> = row.report.findings().map(|(_, finding)| mark(finding)).collect();
        let layer = if of_one { row.layer.to_owned() } else { format!("{}, {}", title(row), row.layer) };
        put(&mut table, format_args!("| {layer} | {} |\n", marks.join(" | ")));
    }
    table + "\n"
}

fn mark(finding: &Finding) -> &'static str {
    match finding {
        Finding::Kept => "✓",
        Finding::Broken(_) => "**✗**",
        Finding::Excepted(_) => "–",
        _ => "·",
    }
}

/// One line for each law and reason, with all layers that it is true of.
fn purposes(rows: &[&Held]) -> String {
    let mut reasons: Vec<(Law, &str, Vec<String>)> = Vec::new();
    for row in rows {
        for (law, finding) in row.report.findings() {
            let Finding::Excepted(why) = finding else { continue };
            let name = format!("{}'s {}", name(row.package), row.layer);
            match reasons.iter_mut().find(|reason| (reason.0, reason.1) == (law, why)) {
                Some((_, _, layers)) => layers.push(name),
                None => reasons.push((law, why, vec![name])),
            }
        }
    }
    let mut list = String::from("## By purpose\n\n");
    for (law, why, layers) in reasons {
        put(&mut list, format_args!("- `{law}`, {}: {why}.\n", layers.join(", ")));
    }
    list
}

/// A package as the docs write it, without a version: an underscore makes it code.
fn name(package: &str) -> String {
    let package = package.split(' ').next().unwrap_or(package);
    if package.contains('_') { format!("`{package}`") } else { package.to_owned() }
}

/// One entry for each way in which a law is broken, with all places where it is.
fn faults(rows: &[&Held], sources: &Sources) -> String {
    let mut entries: Vec<(Law, &str, &Break, Vec<String>)> = Vec::new();
    for row in rows {
        for (law, finding) in row.report.findings() {
            let fault = row.faults.iter().find(|fault| fault.law == law);
            let (Finding::Broken(found), Some(fault)) = (finding, fault) else { continue };
            let place = place(row, fault, sources);
            match entries.iter_mut().find(|entry| (entry.0, entry.1, entry.2) == (law, fault.why, found)) {
                Some((.., places)) => places.push(place),
                None => entries.push((law, fault.why, found, vec![place])),
            }
        }
    }
    let mut list = String::from("\n## Faults\n");
    for (law, why, found, places) in entries {
        put(&mut list, format_args!("\n**`{law}`.** {why}\n\n{}\n```text\n{found}\n```\n", places.concat()));
    }
    list
}

fn place(row: &Held, fault: &Fault, sources: &Sources) -> String {
    let (package, version) = (name(row.package), sources.version(row.package));
    let lines = sources.lines(row.package, fault.file, fault.line);
    format!("- {package} {version}, {}: `{}:{lines}`\n", row.layer, fault.file)
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("a string takes all");
}
