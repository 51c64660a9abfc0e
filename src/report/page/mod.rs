//! The report as one self-contained page: no network, readable on paper and on a phone, light and dark, by keyboard.

mod blocks;

use super::document::{Document, Section};
use super::figure;
use super::markup::Markup;

/// Rules of the page; those of the figures come from [`figure::style_sheet`].
const STYLE: &str = include_str!("style.css");
/// Values under the pointer or by arrow keys, tables that scroll, details that open for print.
const SCRIPT: &str = include_str!("script.js");
/// Nothing is fetched, whatever the page contains.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The document as HTML. The same document gives the same bytes.
pub fn html(document: &Document) -> String {
    let mut m = Markup::new();
    m.open("html", &[("lang", "en")]).line();
    m.open("head", &[]).line();
    m.empty("meta", &[("charset", "utf-8")]).line();
    m.empty(
        "meta",
        &[
            ("http-equiv", "Content-Security-Policy"),
            ("content", POLICY),
        ],
    )
    .line();
    m.empty(
        "meta",
        &[
            ("name", "viewport"),
            ("content", "width=device-width, initial-scale=1"),
        ],
    )
    .line();
    m.empty(
        "meta",
        &[("name", "color-scheme"), ("content", "light dark")],
    )
    .line();
    m.empty("link", &[("rel", "icon"), ("href", "data:,")])
        .line();
    m.element("title", &[], &document.title).line();
    // What stands in style and script is this program's own: nothing of a user's goes there.
    m.open("style", &[])
        .nested(STYLE)
        .nested(&figure::style_sheet())
        .close()
        .line();
    m.close().line();
    m.open("body", &[]).line();
    m.element(
        "a",
        &[("class", "skip"), ("href", "#content")],
        "Skip to the report",
    )
    .line();
    contents(&mut m, document);
    m.open("main", &[("id", "content"), ("tabindex", "-1")])
        .line();
    m.open("header", &[]).element("h1", &[], &document.title);
    for text in &document.lead {
        m.open("p", &[("class", "lead")]);
        blocks::text(&mut m, text);
        m.close();
    }
    m.close().line();
    let mut numbers = blocks::Numbers::default();
    for section in &document.sections {
        put_section(&mut m, section, &mut numbers);
    }
    m.close().line();
    m.element(
        "div",
        &[
            ("id", "tip"),
            ("role", "status"),
            ("aria-live", "polite"),
            ("hidden", "hidden"),
        ],
        "",
    )
    .line();
    m.open("script", &[]).nested(SCRIPT).close().line();
    m.close().line();
    format!("<!DOCTYPE html>\n{}\n", m.finish())
}

fn contents(m: &mut Markup, document: &Document) {
    m.open("nav", &[("aria-label", "Contents")]);
    m.open("details", &[("open", "open")])
        .element("summary", &[], "Contents");
    m.open("ol", &[]);
    for s in &document.sections {
        m.open("li", &[])
            .element("a", &[("href", &format!("#{}", s.id))], &s.title)
            .close();
    }
    m.close().close().close().line();
}

fn put_section(m: &mut Markup, section: &Section, numbers: &mut blocks::Numbers) {
    let heading = format!("{}-title", section.id);
    m.open(
        "section",
        &[("id", section.id), ("aria-labelledby", &heading)],
    )
    .line();
    m.element("h2", &[("id", &heading)], &section.title).line();
    for block in &section.blocks {
        blocks::block(m, block, numbers);
    }
    m.close().line();
}

#[cfg(test)]
mod tests;
