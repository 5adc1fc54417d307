//! Pages as blocks, and the two forms in which they are written.

use std::fmt::Write as _;

use super::words::Tongue;

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it lies in the site, without an ending: `indicators/pupils`.
    pub(crate) path: String,
    /// Its title.
    pub(crate) title: String,
    /// What stands on it, below the title.
    pub(super) blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Debug)]
pub(super) enum Block {
    /// A heading of this level; the title has level 1.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list.
    List(Vec<Vec<Inline>>),
    /// A table; the first cell of a row names it.
    Table { caption: String, header: Vec<String>, rows: Vec<Vec<Vec<Inline>>> },
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inline {
    /// A text.
    Text(String),
    /// A text as it stands in a definition.
    Code(String),
    /// A text in the other language.
    Foreign(String),
    /// The way to another page.
    Link { to: String, text: String },
}

pub(super) fn text(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

pub(super) fn code(text: impl Into<String>) -> Inline {
    Inline::Code(text.into())
}

pub(super) fn link(to: impl Into<String>, text: impl Into<String>) -> Inline {
    Inline::Link { to: to.into(), text: text.into() }
}

impl Block {
    pub(super) fn table(caption: &str, header: &[&str], rows: Vec<Vec<Vec<Inline>>>) -> Self {
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        Self::Table { caption: caption.to_owned(), header, rows }
    }

    /// Names and what they are, as a table of two columns.
    pub(super) fn facts(tongue: Tongue, facts: Vec<(&str, Vec<Inline>)>) -> Self {
        let rows = facts.into_iter().map(|(name, value)| vec![vec![text(name)], value]).collect();
        let header = [tongue.say("Egenskab", "Property"), tongue.say("Værdi", "Value")];
        Self::table(tongue.say("Egenskaber", "Properties"), &header, rows)
    }
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem;color:#1a1a1a;\
background:#fff}table{border-collapse:collapse;margin:1rem 0;width:100%}caption{text-align:left;font-weight:600;padding:\
.25rem 0}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}thead th{background:\
#eee}tbody th{font-weight:500}code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}a{color:\
#0b4f8a}nav{border-bottom:1px solid #767676;padding-bottom:.5rem}";

impl Page {
    /// The way from this page up to the site's folder.
    fn up(&self) -> String {
        "../".repeat(self.path.matches('/').count())
    }

    /// The page in HTML.
    pub(crate) fn html(&self, tongue: Tongue) -> String {
        let (title, up) = (escaped(&self.title), self.up());
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<nav aria-label=\"{}\"><a href=\"{up}index.html\">{}</a></nav>\n<main>\n<h1>{title}</h1>\n",
            tongue.tag(),
            tongue.say("Vej tilbage", "Way back"),
            tongue.say("Alle definitioner", "All definitions"),
        );
        let line = |inlines: &[Inline]| inlines.iter().map(|inline| html(inline, &up, tongue)).collect::<String>();
        for block in &self.blocks {
            match block {
                Block::Heading(level, heading) => {
                    push(&mut out, format_args!("<h{level}>{}</h{level}>\n", escaped(heading)));
                }
                Block::Paragraph(inlines) => push(&mut out, format_args!("<p>{}</p>\n", line(inlines))),
                Block::List(items) if items.is_empty() => {}
                Block::List(items) => {
                    out.push_str("<ul>\n");
                    for item in items {
                        push(&mut out, format_args!("<li>{}</li>\n", line(item)));
                    }
                    out.push_str("</ul>\n");
                }
                Block::Table { caption, header, rows } => {
                    push(&mut out, format_args!("<table>\n<caption>{}</caption>\n<thead><tr>", escaped(caption)));
                    for name in header {
                        push(&mut out, format_args!("<th scope=\"col\">{}</th>", escaped(name)));
                    }
                    out.push_str("</tr></thead>\n<tbody>\n");
                    for row in rows {
                        out.push_str("<tr>");
                        for (at, cell) in row.iter().enumerate() {
                            let (open, close) = if at == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
                            push(&mut out, format_args!("<{open}>{}</{close}>", line(cell)));
                        }
                        out.push_str("</tr>\n");
                    }
                    out.push_str("</tbody>\n</table>\n");
                }
            }
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    /// The page in Markdown, with the tables that GitHub and GitLab know.
    pub(crate) fn markdown(&self, tongue: Tongue) -> String {
        let up = self.up();
        let back = tongue.say("Alle definitioner", "All definitions");
        let mut out = format!("# {}\n\n[{back}]({up}index.md)\n", marked(&self.title));
        let line = |inlines: &[Inline]| inlines.iter().map(|inline| markdown(inline, &up)).collect::<String>();
        for block in &self.blocks {
            out.push('\n');
            match block {
                Block::Heading(level, heading) => {
                    push(&mut out, format_args!("{} {}\n", "#".repeat(usize::from(*level)), marked(heading)));
                }
                Block::Paragraph(inlines) => push(&mut out, format_args!("{}\n", line(inlines))),
                Block::List(items) => {
                    for item in items {
                        push(&mut out, format_args!("- {}\n", line(item)));
                    }
                }
                Block::Table { caption, header, rows } => {
                    let header: Vec<String> = header.iter().map(|name| marked(name)).collect();
                    push(&mut out, format_args!("{}\n\n| {} |\n", marked(caption), header.join(" | ")));
                    push(&mut out, format_args!("|{}\n", "---|".repeat(header.len())));
                    for row in rows {
                        let cells: Vec<String> = row.iter().map(|cell| line(cell)).collect();
                        push(&mut out, format_args!("| {} |\n", cells.join(" | ")));
                    }
                }
            }
        }
        out
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    if out.write_fmt(text).is_err() {
        unreachable!("a text can always be appended to");
    }
}

fn html(inline: &Inline, up: &str, tongue: Tongue) -> String {
    match inline {
        Inline::Text(text) => escaped(text),
        Inline::Code(text) => format!("<code>{}</code>", escaped(text)),
        Inline::Foreign(text) => format!("<span lang=\"{}\">{}</span>", tongue.other().tag(), escaped(text)),
        Inline::Link { to, text } => format!("<a href=\"{up}{}.html\">{}</a>", escaped(to), escaped(text)),
    }
}

fn markdown(inline: &Inline, up: &str) -> String {
    match inline {
        Inline::Text(text) | Inline::Foreign(text) => marked(text),
        Inline::Code(text) => ticked(text),
        Inline::Link { to, text } => format!("[{}]({up}{to}.md)", marked(text)),
    }
}

/// A text in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no control characters but white space.
            c if c.is_control() && !c.is_whitespace() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A text in Markdown, in a cell of a table too.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' => out.extend(['\\', c]),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text in backticks: one more than it has itself. A bar would end the cell of a table even there.
fn ticked(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    let most = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(most + 1);
    let blank = if most > 0 || text.trim() != text { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{ticks}{blank}{}{blank}{ticks}", text.replace('|', "\\|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escaped("a<b> & \"c\" 'd'\u{1}"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{FFFD}");
        assert_eq!(marked("a|b *c*\nd_e <f>"), "a\\|b \\*c\\* d\\_e \\<f\\>");
        assert_eq!(ticked("a|b"), "`a\\|b`");
        assert_eq!(ticked("a`b"), "`` a`b ``");
    }
}
