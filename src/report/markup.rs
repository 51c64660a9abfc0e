//! Well-formed markup with everything escaped: what HTML, MathML and SVG are written with.

/// Text with the five characters that mean something in markup replaced. Control characters that XML forbids become
/// the replacement character.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    escape_into(&mut out, text);
    out
}

fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Elements without content in HTML, closed at once.
const VOID: [&str; 6] = ["br", "col", "hr", "img", "link", "meta"];

/// Writes nested elements; whatever is left open is closed at the end.
#[derive(Debug, Default)]
pub struct Markup {
    out: String,
    open: Vec<&'static str>,
}

impl Markup {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Opens an element.
    pub fn open(&mut self, tag: &'static str, attributes: &[(&str, &str)]) -> &mut Self {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_into(&mut self.out, value);
            self.out.push('"');
        }
        if VOID.contains(&tag) {
            self.out.push_str("/>");
        } else {
            self.out.push('>');
            self.open.push(tag);
        }
        self
    }
    /// Closes the innermost element.
    pub fn close(&mut self) -> &mut Self {
        if let Some(tag) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
        }
        self
    }
    /// An element without content, closed at once (`<rect …/>`).
    pub fn empty(&mut self, tag: &'static str, attributes: &[(&str, &str)]) -> &mut Self {
        self.open(tag, attributes);
        if !VOID.contains(&tag) {
            self.open.pop();
            self.out.pop();
            self.out.push_str("/>");
        }
        self
    }
    /// Text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape_into(&mut self.out, text);
        self
    }
    /// An element with text only.
    pub fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close()
    }
    /// A line break in the source, for readers of the file.
    pub fn line(&mut self) -> &mut Self {
        self.out.push('\n');
        self
    }
    /// Markup made by this module already.
    pub fn nested(&mut self, markup: &str) -> &mut Self {
        self.out.push_str(markup);
        self
    }
    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }
    /// Closes elements until `depth` are open.
    pub fn close_to(&mut self, depth: usize) -> &mut Self {
        while self.open.len() > depth {
            self.close();
        }
        self
    }
    /// The text, everything closed.
    pub fn finish(mut self) -> String {
        self.close_to(0);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_break_out() {
        let mut m = Markup::new();
        m.open("p", &[("title", "\"><script>alert(1)</script>")]);
        m.text("</p><img onerror='x'>&amp;\u{0}\u{b}");
        let text = m.finish();
        let tree = roxmltree::Document::parse(&text).unwrap();
        let p = tree.root_element();
        assert_eq!(p.attribute("title"), Some("\"><script>alert(1)</script>"));
        assert_eq!(p.text(), Some("</p><img onerror='x'>&amp;\u{fffd}\u{fffd}"));
        assert_eq!(p.children().count(), 1);
    }

    #[test]
    fn what_is_left_open_is_closed() {
        let mut m = Markup::new();
        m.open("a", &[]).open("b", &[]).empty("c", &[("d", "1")]);
        assert_eq!(m.finish(), "<a><b><c d=\"1\"/></b></a>");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_back(text in "\\PC{0,40}") {
            let mut m = Markup::new();
            m.element("p", &[("t", &text)], &text);
            let out = m.finish();
            let tree = roxmltree::Document::parse(&out).unwrap();
            proptest::prop_assert_eq!(tree.root_element().text().unwrap_or(""), text.as_str());
        }
    }
}
