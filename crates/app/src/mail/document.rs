//! A mail's words as a document: a subject, paragraphs, a table, a button, and small print; as text and as HTML.

use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::content::Content;
use super::facts::Table;
use super::plural::{fitting, form, forms};
use super::words::shortened;

/// How long a subject is, in characters.
const SUBJECT: usize = 120;
/// How many names a mail program shows behind the subject.
const NAMES: usize = 5;
/// How wide a column of names is made in text, in characters; longer names stick out.
const WIDEST: usize = 40;
/// What marks a paragraph that stands for something else. Names have no such characters.
const MARK: char = '\u{1}';
/// What stands between a mark's kind and its words.
const BETWEEN: char = '\u{2}';

/// A mail as it is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// The templates that make a mail.
pub(super) struct Sources<'a> {
    /// The name of the template of words, and its text.
    pub words: (&'a str, &'a str),
    /// The name of the layout, and its text.
    pub layout: (&'a str, &'a str),
}

/// Where a mail leads.
#[derive(Clone, Copy)]
pub(super) struct Links<'a> {
    /// The service's address, without a slash at its end.
    pub place: &'a str,
    /// The address that stops such mails (RFC 8058), if they can be stopped.
    pub unsubscribe: Option<&'a str>,
}

impl Links<'_> {
    /// The page that stops such mails: the address is for mail programs.
    fn stop_page(&self) -> Option<String> {
        self.unsubscribe.map(|address| address.replace("/api/v1/unsubscriptions/", "/unsubscribe#"))
    }
}

/// A part of a mail.
#[derive(Debug, Serialize)]
struct Block {
    /// `paragraph`, `table`, `button` or `stop`.
    kind: &'static str,
    /// Its words.
    text: String,
    /// Where it leads, or nothing.
    link: String,
}

/// An environment in which a mail of this language is written.
fn environment(language: &str) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let own = language.to_owned();
    environment.add_filter("forms", move |number: i64, words: Rest<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        check_forms(&own, words.len(), forms(&own))?;
        Ok::<_, Error>(fitting(&own, number, &words))
    });
    let own = language.to_owned();
    environment.add_filter("told", move |group: Value, words: Rest<String>| {
        check_forms(&own, words.len(), forms(&own))?;
        let count = i64::try_from(group.get_attr("count")?)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = group.get_attr("name")?;
        Ok::<_, Error>(if form(&own, count) == 0 {
            format!("{name} {}", words.first().copied().unwrap_or_default())
        } else {
            fitting(&own, count, &words)
        })
    });
    environment.add_global("table", format!("{MARK}table"));
    environment.add_function("button", |words: String| format!("{MARK}button{BETWEEN}{words}"));
    environment.add_function("stop", |words: String| format!("{MARK}stop{BETWEEN}{words}"));
    environment
}

fn check_forms(language: &str, given: usize, wanted: usize) -> Result<(), Error> {
    if given == wanted {
        return Ok(());
    }
    let detail = format!("a word has {wanted} forms in the language {language}, and {given} are given");
    Err(Error::new(ErrorKind::InvalidOperation, detail))
}

/// Writes a mail.
pub(super) fn write(
    sources: &Sources<'_>,
    language: &str,
    content: &Content<'_>,
    links: Links<'_>,
) -> Result<Written, Error> {
    let environment = environment(language);
    let (name, words) = sources.words;
    let words = without_lines_of_tags(words);
    let whole = environment.render_named_str(name, &words, content.facts(language))?;
    let (subject, rest) = whole.trim_start().split_once('\n').unwrap_or((whole.trim(), ""));
    let subject = shortened(subject.trim(), SUBJECT);
    let table = content.table(language);
    let (body, footer) = blocks(rest, content, links, table.is_some());
    if subject.is_empty() || body.is_empty() {
        let error = Error::new(ErrorKind::InvalidOperation, "it gives no subject, or nothing below it");
        return Err(error);
    }
    let names = table.iter().flat_map(|table| table.rows.iter().take(NAMES));
    let names: Vec<&str> = names.map(|row| row.name.as_str()).collect();
    let first = body.first().map(|block| block.text.as_str()).unwrap_or_default();
    let preheader = if names.is_empty() { first.to_owned() } else { names.join(", ") };
    let text = text(&body, &footer, table.as_ref());
    let (name, layout) = sources.layout;
    // A name that ends in .html has what is filled in escaped.
    let html = environment.render_named_str(
        name,
        &without_lines_of_tags(layout),
        context! { language, subject, preheader, body, footer, table => table.as_ref() },
    )?;
    Ok(Written { subject, text, html })
}

/// The template, of which a line that holds one tag and nothing else gives no line.
///
/// The line's end becomes a comment, so that the numbers of lines stay what they are.
fn without_lines_of_tags(template: &str) -> String {
    let mut written = String::with_capacity(template.len());
    for line in template.split_inclusive('\n') {
        let text = line.trim();
        let alone =
            |start, end| text.starts_with(start) && text.ends_with(end) && text.matches(start).count() == 1;
        if alone("{%", "%}") || alone("{#", "#}") {
            written.push_str(text);
            written.push_str("{#\n#}");
        } else {
            written.push_str(line);
        }
    }
    written
}

/// The parts above and below the line `--`.
fn blocks(rest: &str, content: &Content<'_>, links: Links<'_>, has_table: bool) -> (Vec<Block>, Vec<Block>) {
    let (mut body, mut footer, mut below) = (Vec::new(), Vec::new(), false);
    for paragraph in paragraphs(rest) {
        if paragraph == "--" {
            below = true;
            continue;
        }
        let block = match paragraph.strip_prefix(MARK) {
            None => Block { kind: "paragraph", text: paragraph, link: String::new() },
            Some("table") if has_table => Block { kind: "table", text: String::new(), link: String::new() },
            Some(mark) => match (mark.split_once(BETWEEN), links.stop_page()) {
                (Some(("button", words)), _) => {
                    Block { kind: "button", text: words.to_owned(), link: content.link(links.place) }
                }
                (Some(("stop", words)), Some(link)) => Block { kind: "stop", text: words.to_owned(), link },
                _ => continue,
            },
        };
        if below { footer.push(block) } else { body.push(block) }
    }
    (body, footer)
}

/// The paragraphs: lines between empty lines, which may be broken anywhere.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.split('\n').map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// The plain text.
fn text(body: &[Block], footer: &[Block], table: Option<&Table>) -> String {
    let written = |block: &Block| match block.kind {
        "table" => table.map(lines).unwrap_or_default(),
        "paragraph" => block.text.clone(),
        _ => format!("{}:\n{}", block.text, block.link),
    };
    let mut text = body.iter().map(written).collect::<Vec<_>>().join("\n\n");
    if !footer.is_empty() {
        text.push_str("\n\n--\n");
        text.push_str(&footer.iter().map(written).collect::<Vec<_>>().join("\n\n"));
    }
    text.push('\n');
    text
}

/// The table as aligned lines.
fn lines(table: &Table) -> String {
    let heads: Vec<&str> = table.heads.clone();
    let rows = table.rows.iter().map(|row| {
        let mut cells = vec![row.name.as_str(), row.serial.as_str()];
        cells.extend(row.cells.iter().map(String::as_str));
        cells
    });
    let all: Vec<Vec<&str>> = std::iter::once(heads).chain(rows).collect();
    let widths: Vec<usize> = (0..table.heads.len())
        .map(|column| {
            let cells = all.iter().filter_map(|cells| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).min(if column == 0 {
                WIDEST
            } else {
                2 * WIDEST
            })
        })
        .collect();
    let mut lines: Vec<String> = all
        .iter()
        .map(|cells| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    lines.extend(table.more.clone());
    lines.join("\n")
}
