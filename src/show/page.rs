//! Takes a report. Gives one page to look at instead of reading: it needs no network and runs no script.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::crates::origin;
use super::treemap::{self, Node, Rectangle};
use super::{Branch, Member, Report};
use crate::audit::{Grafting, Place, Verdict};
use crate::elf;
use crate::event::size_in_words;

const TEMPLATE: &str = include_str!("page.html");
/// The map's own units; the screen's come by percent.
const MAP: Rectangle = Rectangle {
    x: 0.0,
    y: 0.0,
    width: 1200.0,
    height: 680.0,
};
/// As many lines as a table of sizes has.
const MOST_LINES: usize = 600;

/// Kinds of tiles: the word in the style sheet, and what it stands for.
const KINDS: [(&str, &str); 6] = [
    ("code", "crates and other code"),
    ("native", "code that no symbol names"),
    ("section", "other sections of shared objects"),
    ("python", "Python"),
    ("data", "other files"),
    ("papers", "metadata"),
];

/// Renders the page.
#[must_use]
pub fn render(report: &Report) -> String {
    let whole = weigh(report);
    fill(&[
        ("title", escaped(&report.filename.to_string())),
        ("subtitle", subtitle(report)),
        ("facts", facts(report)),
        ("space", escaped(&space(report))),
        ("legend", legend()),
        ("map", map(&whole)),
        ("sizes", sizes(&whole)),
        ("libraries", libraries(report)),
        ("policies", policies(report)),
        ("papers", papers(report)),
        ("version", escaped(env!("CARGO_PKG_VERSION"))),
    ])
}

/// Puts values into the template. What a value says is never taken for a place of the template.
fn fill(values: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        out.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A text as it may stand between tags and in attributes. Characters that would change the direction or the looks of what stands
/// beside them are spelled out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn subtitle(report: &Report) -> String {
    let generator = report.generator.as_deref().unwrap_or("nobody it names");
    escaped(&format!("{}, made by {generator}", report.project))
}

fn facts(report: &Report) -> String {
    let mut facts = vec![
        ("size of the wheel", size_in_words(report.size)),
        ("unpacked", size_in_words(report.unpacked())),
        ("files", report.members.len().to_string()),
        (
            "named for",
            report.filename.tag().platform().collect::<Vec<_>>().join(", "),
        ),
    ];
    if let Some(audit) = &report.audit {
        let (now, then) = (audit.best(Grafting::Forbidden), audit.best(Grafting::Allowed));
        facts.push(("runs on", now.to_string()));
        if now != then {
            facts.push(("once repaired, on", then.to_string()));
        }
    }
    facts
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value)))
        .collect::<Vec<_>>()
        .concat()
}

fn legend() -> String {
    KINDS
        .iter()
        .map(|(kind, words)| format!("<li><i class=\"{kind}\"></i>{words}</li>"))
        .collect::<Vec<_>>()
        .concat()
}

fn space(report: &Report) -> String {
    let is_stripped = |object: &&crate::audit::Object| object.facts.is_stripped;
    let stripped = report.objects.iter().filter(is_stripped).count();
    let rest = "An area is a share of the unpacked size.";
    match (report.objects.len(), stripped) {
        (0, _) => rest.to_owned(),
        (_, 0) => format!("{rest} What is in shared objects is told by their symbols, crate by crate."),
        (all, stripped) if all == stripped => format!(
            "{rest} The shared objects are stripped of their symbols, so that only their sections can be told, not their crates."
        ),
        (all, stripped) => format!(
            "{rest} What is in shared objects is told crate by crate where they have symbols; {stripped} of {all} are stripped, \
             so that only their sections can be told."
        ),
    }
}

/// The wheel as folders, files, and what files are made of.
fn weigh(report: &Report) -> Node {
    let mut whole = Node {
        name: report.filename.to_string(),
        kind: "frame",
        note: size_in_words(report.size),
        ..Node::default()
    };
    for member in &report.members {
        let file = file(report, member);
        let folders: Vec<&str> = member.path.split('/').collect();
        put(&mut whole, &folders[..folders.len().saturating_sub(1)], file);
    }
    whole
}

fn put(folder: &mut Node, path: &[&str], file: Node) {
    folder.size += file.size;
    let Some((first, rest)) = path.split_first() else {
        folder.children.push(file);
        return;
    };
    let is_it = |child: &Node| child.kind == "frame" && child.name == *first;
    let at = folder.children.iter().position(is_it).unwrap_or_else(|| {
        folder.children.push(Node {
            name: (*first).to_owned(),
            kind: "frame",
            ..Node::default()
        });
        folder.children.len() - 1
    });
    put(&mut folder.children[at], rest, file);
}

fn file(report: &Report, member: &Member) -> Node {
    let is_object = report
        .objects
        .iter()
        .any(|object| object.path.as_str() == member.path);
    let children = if is_object {
        parts(&member.bytes)
    } else {
        Vec::new()
    };
    let name = member.path.rsplit('/').next().unwrap_or(&member.path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_metadata = member.path.split_once('/').is_some_and(|(folder, _)| {
        folder
            .rsplit_once('.')
            .is_some_and(|(_, last)| last == "dist-info")
    });
    let kind = match ending {
        _ if is_object => "native",
        _ if is_metadata => "papers",
        "py" | "pyi" | "pyx" | "pxd" => "python",
        _ => "data",
    };
    Node {
        name: name.to_owned(),
        size: member.bytes.len() as u64,
        kind,
        note: size_in_words(member.compressed),
        children,
    }
}

/// What a shared object is made of: crates where its symbols tell, sections for the rest.
fn parts(bytes: &[u8]) -> Vec<Node> {
    let Ok(weighed) = elf::weigh(bytes) else {
        return Vec::new();
    };
    let mut sections = weighed.sections;
    let mut crates: BTreeMap<String, u64> = BTreeMap::new();
    for symbol in &weighed.symbols {
        let Some(left) = sections.get_mut(&symbol.section) else {
            continue;
        };
        // Symbols may lie in each other; no byte is counted twice.
        let size = symbol.size.min(*left);
        *left -= size;
        *crates.entry(origin(&symbol.name).words().to_owned()).or_default() += size;
    }
    let rest = ("headers and gaps".to_owned(), weighed.rest);
    let of_crates = crates.into_iter().map(|(name, size)| (name, size, "code"));
    let of_sections = sections.into_iter().chain([rest]).map(|(name, size)| {
        let is_code = [".text", ".plt", ".init", ".fini"]
            .iter()
            .any(|code| name == *code || name.strip_prefix(code).is_some_and(|rest| rest.starts_with('.')));
        (name, size, if is_code { "native" } else { "section" })
    });
    let mut debugging = Node {
        name: "for debuggers alone".to_owned(),
        kind: "frame",
        ..Node::default()
    };
    let mut parts = Vec::new();
    for (name, size, kind) in of_crates.chain(of_sections).filter(|(_, size, _)| *size > 0) {
        let is_for_debuggers = kind == "section" && is_for_debuggers(&name);
        let part = Node {
            name: if name.is_empty() {
                "no name".to_owned()
            } else {
                name
            },
            size,
            kind,
            ..Node::default()
        };
        if is_for_debuggers {
            debugging.size += size;
            debugging.children.push(part);
        } else {
            parts.push(part);
        }
    }
    if debugging.size > 0 {
        parts.push(debugging);
    }
    parts
}

/// Whether `--strip` would take a section out.
fn is_for_debuggers(section: &str) -> bool {
    let names = [".debug", ".zdebug", ".symtab", ".strtab", ".gdb_index"];
    names.iter().any(|name| section.starts_with(name))
}

/// The tiles, each of which leads to its line in the table.
fn map(whole: &Node) -> String {
    let lines = lines(whole);
    let mut out = String::new();
    for tile in treemap::lay_out(whole, MAP) {
        let Some(line) = lines.iter().position(|line| line.path == tile.path) else {
            continue;
        };
        let kind = if tile.is_frame { "frame" } else { tile.node.kind };
        let label = format!(
            "{}: {}",
            tile.path.get(1..).unwrap_or_default().join(" / "),
            size_in_words(tile.node.size)
        );
        let place = tile.place;
        let _ = write!(
            out,
            "<a href=\"#s{line}\" class=\"{kind}\" title=\"{label}\" aria-label=\"{label}\" \
             style=\"left:{:.3}%;top:{:.3}%;width:{:.3}%;height:{:.3}%\">{}</a>",
            place.x / MAP.width * 100.0,
            place.y / MAP.height * 100.0,
            place.width / MAP.width * 100.0,
            place.height / MAP.height * 100.0,
            if place.width > 30.0 && place.height > 14.0 {
                escaped(&tile.node.name)
            } else {
                String::new()
            },
            label = escaped(&label),
        );
    }
    out
}

/// A line of the table of sizes.
struct Line<'a> {
    path: Vec<&'a str>,
    node: &'a Node,
}

/// Everything by size from the top down, as much as a table takes.
fn lines(whole: &Node) -> Vec<Line<'_>> {
    fn gather<'a>(node: &'a Node, path: &[&'a str], lines: &mut Vec<Line<'a>>) {
        let mut path = path.to_vec();
        path.push(&node.name);
        lines.push(Line {
            path: path.clone(),
            node,
        });
        let mut children: Vec<&Node> = node.children.iter().collect();
        children.sort_by(|one, two| two.size.cmp(&one.size).then(one.name.cmp(&two.name)));
        for child in children {
            gather(child, &path, lines);
        }
    }
    let mut lines = Vec::new();
    gather(whole, &[], &mut lines);
    let mut sizes: Vec<u64> = lines.iter().map(|line| line.node.size).collect();
    sizes.sort_unstable_by(|one, two| two.cmp(one));
    if let Some(least) = sizes.get(MOST_LINES) {
        lines.retain(|line| line.node.size > *least);
    }
    lines
}

fn sizes(whole: &Node) -> String {
    let mut out = String::new();
    for (index, line) in lines(whole).iter().enumerate() {
        let depth = line.path.len().saturating_sub(1);
        let _ = write!(
            out,
            "<tr id=\"s{index}\"><td style=\"padding-left:{}px\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            10 + depth * 18,
            escaped(&line.node.name),
            size_in_words(line.node.size),
            escaped(&line.node.note),
        );
    }
    out
}

fn libraries(report: &Report) -> String {
    if report.objects.is_empty() {
        return "<p>It has no ELF file, so that no library is needed.</p>".to_owned();
    }
    let mut out = graph(report);
    out.push_str(
        "<details><summary>The same as a list, with what the system brings</summary><ul class=\"tree\">",
    );
    for root in report.tree() {
        let _ = write!(out, "<li>{}{}</li>", escaped(&root.name), branches(&root.needs));
    }
    out.push_str("</ul></details>");
    out.push_str(&outside(report));
    out
}

fn branches(needs: &[Branch]) -> String {
    if needs.is_empty() {
        return String::new();
    }
    let mut out = String::from("<ul>");
    for branch in needs {
        let place = match &branch.place {
            Some(Place::Wheel(path)) => format!("in the wheel: {path}"),
            Some(Place::Machine(path)) => format!("outside: {}", path.display()),
            Some(Place::Promised) => "the system's".to_owned(),
            Some(Place::Interpreter) => "the interpreter's".to_owned(),
            Some(Place::Excluded) => "left out".to_owned(),
            Some(Place::Missing) => "missing".to_owned(),
            None => String::new(),
        };
        let told = if branch.is_told { ", told above" } else { "" };
        let _ = write!(
            out,
            "<li>{} <span class=\"soft\">{}{told}</span>{}</li>",
            escaped(&branch.name),
            escaped(&place),
            branches(&branch.needs)
        );
    }
    out.push_str("</ul>");
    out
}

/// A file in the graph: what stands in its box, its kind, and whom it needs.
struct Box {
    words: String,
    kind: &'static str,
    needs: BTreeSet<Place>,
    column: usize,
}

impl Box {
    /// A box that has no column yet.
    fn new(words: String, kind: &'static str, needs: BTreeSet<Place>) -> Self {
        Self {
            words,
            kind,
            needs,
            column: 0,
        }
    }
}

/// A box for each file, those nobody needs to the left; files that need the same share one. What the system promises is left
/// out: nearly everybody needs it.
fn boxes(report: &Report) -> BTreeMap<Place, Box> {
    let closure = &report.closure;
    let drawn = |place: &&Place| !matches!(place, Place::Promised | Place::Interpreter | Place::Excluded);
    // Each missing library is a thing of its own here, told by its name.
    let key = |name: &String, place: &Place| match place {
        Place::Missing => Place::Machine(name.into()),
        place => place.clone(),
    };
    let needs = |needs: &BTreeMap<String, Place>| -> BTreeSet<Place> {
        let drawn = needs.iter().filter(|(_, place)| drawn(place));
        drawn.map(|(name, place)| key(name, place)).collect()
    };
    let file_name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut boxes: BTreeMap<Place, Box> = BTreeMap::new();
    let needed: BTreeSet<Place> = closure.objects.values().flat_map(&needs).collect();
    let mut alike: BTreeMap<BTreeSet<Place>, Vec<String>> = BTreeMap::new();
    let mut first: BTreeMap<BTreeSet<Place>, Place> = BTreeMap::new();
    for (path, of) in &closure.objects {
        let (place, needs) = (Place::Wheel(path.clone()), needs(of));
        if needed.contains(&place) {
            let words = file_name(path.as_str());
            boxes.insert(place, Box::new(words, "inside", needs));
        } else {
            alike
                .entry(needs.clone())
                .or_default()
                .push(file_name(path.as_str()));
            first.entry(needs).or_insert(place);
        }
    }
    for (needs, names) in alike {
        let words = match names.as_slice() {
            [one] => one.clone(),
            several => format!("{} and {} more", several[0], several.len() - 1),
        };
        if let Some(place) = first.remove(&needs) {
            boxes.insert(place, Box::new(words, "inside", needs));
        }
    }
    for (path, library) in &closure.libraries {
        let words = file_name(&path.to_string_lossy());
        let needs = needs(&library.needs);
        boxes.insert(Place::Machine(path.clone()), Box::new(words, "outside", needs));
    }
    for name in closure.searched.keys() {
        let words = name.clone();
        boxes.insert(
            Place::Machine(name.into()),
            Box::new(words, "missing", BTreeSet::new()),
        );
    }
    put_into_columns(&mut boxes);
    boxes
}

/// A file stands to the right of whoever needs it, unless they need each other.
fn put_into_columns(boxes: &mut BTreeMap<Place, Box>) {
    let needed: BTreeSet<Place> = boxes.values().flat_map(|it| it.needs.iter().cloned()).collect();
    let mut waiting: Vec<(Place, Vec<Place>)> = boxes
        .keys()
        .filter(|place| !needed.contains(place))
        .map(|place| (place.clone(), Vec::new()))
        .collect();
    if waiting.is_empty() {
        waiting.extend(boxes.keys().next().map(|place| (place.clone(), Vec::new())));
    }
    // Every way through a large graph would take for ever: a bound that no wheel made by people meets.
    let mut steps = 20_000;
    while let Some((place, mut above)) = waiting.pop() {
        steps -= 1;
        let Some(own) = boxes.get_mut(&place).filter(|_| steps > 0) else {
            continue;
        };
        if own.column > above.len() {
            continue;
        }
        own.column = above.len();
        let needs = own.needs.clone();
        above.push(place);
        let deeper = needs.into_iter().filter(|need| !above.contains(need));
        waiting.extend(deeper.map(|need| (need, above.clone())).collect::<Vec<_>>());
    }
}

const BOX_WIDTH: usize = 220;
const BOX_HEIGHT: usize = 26;
const COLUMN: usize = BOX_WIDTH + 50;
const ROW: usize = BOX_HEIGHT + 12;

fn graph(report: &Report) -> String {
    let boxes = boxes(report);
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let mut places: BTreeMap<&Place, (usize, usize)> = BTreeMap::new();
    for (place, it) in &boxes {
        let row = rows.entry(it.column).or_default();
        places.insert(place, (10 + it.column * COLUMN, 10 + *row * ROW));
        *row += 1;
    }
    let width = 20 + rows.len().max(1) * COLUMN - (COLUMN - BOX_WIDTH);
    let height = 20 + rows.values().copied().max().unwrap_or(1) * ROW;
    let mut lines = String::new();
    let mut shapes = String::new();
    for (place, it) in &boxes {
        let (x, y) = places[place];
        for (to_x, to_y) in it.needs.iter().filter_map(|need| places.get(need)) {
            let (from_x, from_y, to_y) = (x + BOX_WIDTH, y + BOX_HEIGHT / 2, to_y + BOX_HEIGHT / 2);
            let _ = write!(
                lines,
                "<path d=\"M{from_x} {from_y} C{} {from_y} {} {to_y} {to_x} {to_y}\"/>",
                from_x + 25,
                to_x.saturating_sub(25),
            );
        }
        let mut words: String = it.words.chars().take(32).collect();
        if words.len() < it.words.len() {
            words.push('…');
        }
        let _ = write!(
            shapes,
            "<g class=\"{}\"><title>{}: {}</title><rect x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"5\"/>\
             <text x=\"{}\" y=\"{}\">{}</text></g>",
            it.kind,
            escaped(&it.words),
            kind_in_words(it.kind),
            x + 8,
            y + 17,
            escaped(&words),
        );
    }
    format!(
        "<div class=\"graph\" tabindex=\"0\" role=\"region\" aria-label=\"Graph of libraries; the list below says the same\">\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{} files and libraries \
         with lines from each to those it needs\">{lines}{shapes}</svg></div>",
        boxes.len()
    )
}

fn kind_in_words(kind: &str) -> &'static str {
    match kind {
        "outside" => "outside of the wheel",
        "missing" => "missing",
        _ => "in the wheel",
    }
}

fn outside(report: &Report) -> String {
    let mut out = String::new();
    if !report.closure.libraries.is_empty() {
        out.push_str("<p>Outside of the wheel:</p><ul class=\"plain\">");
        for (path, library) in &report.closure.libraries {
            let owner = report.owners.get(path).map_or_else(
                || "no package's".to_owned(),
                |owner| format!("{} {}", owner.name, owner.version),
            );
            let size = size_in_words(library.bytes.len() as u64);
            let words = format!("{}: {size}, {owner}", path.display());
            let _ = write!(out, "<li>{}</li>", escaped(&words));
        }
        out.push_str("</ul>");
    }
    for (name, folders) in &report.closure.searched {
        let folders: Vec<String> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        let words = format!("{name} is missing; it was searched in {}", folders.join(", "));
        let _ = write!(out, "<p class=\"bad\">{}</p>", escaped(&words));
    }
    for (path, reason) in &report.unreadable {
        let words = format!("{path} is not judged: {reason}");
        let _ = write!(out, "<p class=\"bad\">{}</p>", escaped(&words));
    }
    out
}

fn policies(report: &Report) -> String {
    let Some(audit) = &report.audit else {
        return "<p>No policy speaks of a wheel without ELF files.</p>".to_owned();
    };
    if audit.verdicts.is_empty() {
        return format!("<p>There is no policy for {}.</p>", escaped(audit.architecture()));
    }
    let rows: String = audit.verdicts.iter().map(policy).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Policies\"><table><caption>The most portable policy \
         first.</caption><thead><tr><th scope=\"col\">Policy</th><th scope=\"col\">As it is</th><th scope=\"col\">Once \
         repaired</th><th scope=\"col\">What stands against it</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn policy(verdict: &Verdict) -> String {
    const SHOWN: usize = 12;
    let now = if verdict.holds(Grafting::Forbidden) {
        "<td class=\"good\">holds</td>"
    } else {
        "<td class=\"bad\">does not hold</td>"
    };
    let then = match (verdict.holds(Grafting::Allowed), verdict.libraries.len()) {
        (false, _) => "<td class=\"bad\">does not hold</td>".to_owned(),
        (true, 0) => "<td class=\"good\">holds</td>".to_owned(),
        (true, count) => format!("<td class=\"mend\">holds, with libraries copied: {count}</td>"),
    };
    let objections: Vec<String> = verdict
        .against(Grafting::Forbidden)
        .map(ToString::to_string)
        .collect();
    let mut words = items(objections.iter().take(SHOWN));
    if let Some(more) = objections.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = write!(words, "<li>and {more} more</li>");
    }
    let list = if words.is_empty() {
        "nothing".to_owned()
    } else {
        format!("<ul class=\"plain\">{words}</ul>")
    };
    let platform = escaped(&verdict.platform.to_string());
    format!("<tr><th scope=\"row\">{platform}</th>{now}{then}<td>{list}</td></tr>")
}

fn papers(report: &Report) -> String {
    let mut lines = Vec::new();
    for entry in &report.entry_points {
        lines.push(format!(
            "entry point {} = {} ({})",
            entry.name, entry.target, entry.group
        ));
    }
    for sbom in &report.sboms {
        let format = sbom.format.as_deref().unwrap_or("unknown format");
        lines.push(format!(
            "bill of materials {}: {format}, {} components",
            sbom.path, sbom.components
        ));
    }
    if lines.is_empty() {
        return "<p>It has neither entry points nor bills of materials.</p>".to_owned();
    }
    format!("<ul class=\"plain\">{}</ul>", items(lines.iter()))
}

fn items<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    let item = |text: &String| format!("<li>{}</li>", escaped(text));
    texts.map(item).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_become_tags_or_change_what_stands_beside_them() {
        assert_eq!(
            escaped("<a href=\"x\" id='y'>&\u{202e}\u{7}"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;\\u202e\\x07"
        );
        let page = fill(&[("title", "{{space}}".to_owned()), ("space", "SPACE".to_owned())]);
        assert!(page.contains("<title>{{space}}</title>"));
    }

    #[test]
    fn every_place_of_the_template_is_filled() {
        let mut names: Vec<&str> = TEMPLATE
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split_once("}}"))
            .map(|(name, _)| name)
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            names,
            [
                "facts",
                "legend",
                "libraries",
                "map",
                "papers",
                "policies",
                "sizes",
                "space",
                "subtitle",
                "title",
                "version"
            ]
        );
    }

    #[test]
    fn the_page_asks_for_nothing_from_elsewhere() {
        for wrong in [
            "http:",
            "https:",
            "<script",
            "@import",
            "url(",
            "src=\"",
            "<link rel=\"stylesheet",
        ] {
            assert!(!TEMPLATE.contains(wrong), "{wrong}");
        }
        for (kind, _) in KINDS {
            assert!(TEMPLATE.contains(&format!(".{kind} {{")), "{kind}");
        }
    }

    #[test]
    fn a_shared_object_weighs_what_its_parts_weigh() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/elf");
        let bytes = std::fs::read(folder.join("gnu-x86_64.so")).unwrap();
        let parts = parts(&bytes);
        let sum: u64 = parts.iter().map(|part| part.size).sum();
        assert_eq!(sum, bytes.len() as u64);
    }
}
