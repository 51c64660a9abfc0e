use super::super::document::{Block, Column, Table, Text, Tone};
use super::*;

const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>";

fn document() -> Document {
    let mut table = Table::new(EVIL, vec![Column::words(EVIL), Column::number("n")]);
    table.row(vec![EVIL.into(), "1.5".into()]);
    table.row(vec![EVIL.into(), "12".into()]);
    Document {
        title: EVIL.into(),
        lead: vec![EVIL.into()],
        sections: vec![Section {
            id: "x",
            title: EVIL.into(),
            blocks: vec![
                Block::Paragraph(Text::from(EVIL).strong(EVIL).code(EVIL).symbol(EVIL)),
                Block::Note(Tone::Mind, EVIL.into()),
                Block::Table(table),
                Block::Details {
                    summary: EVIL.into(),
                    blocks: vec![Block::Code(EVIL.into())],
                },
                Block::Definitions(vec![(EVIL.into(), EVIL.into())]),
            ],
        }],
    }
}

/// The page as XML: style and script hold no markup of their own.
fn tree(page: &str) -> String {
    let body = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let a = body.find("<script>").unwrap();
    let b = body.find("</script>").unwrap();
    format!("{}{}", &body[..a + 8], &body[b..])
}

#[test]
fn a_page_is_well_formed_and_nothing_of_a_users_becomes_markup() {
    let page = html(&document());
    let text = tree(&page);
    let parsed = roxmltree::Document::parse(&text).unwrap();
    let count = |tag: &str| parsed.descendants().filter(|n| n.has_tag_name(tag)).count();
    assert_eq!(count("script"), 1);
    assert_eq!(count("img"), 0);
    assert!(!page.contains("<img"));
    assert_eq!(
        parsed
            .descendants()
            .find(|n| n.has_tag_name("h1"))
            .unwrap()
            .text(),
        Some(EVIL)
    );
}

#[test]
fn a_page_fetches_nothing() {
    let page = html(&document());
    for word in ["http:", "https:", "url(", "@import", "src=\""] {
        let found: Vec<&str> = page
            .match_indices(word)
            .map(|(i, _)| &page[i..(i + 60).min(page.len())])
            .collect();
        assert!(
            found.iter().all(|f| f.starts_with("http://www.w3.org/")),
            "{found:?}"
        );
    }
    assert!(page.contains("default-src &#39;none&#39;"));
}
