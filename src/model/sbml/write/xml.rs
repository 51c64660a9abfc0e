//! XML text with indentation.

/// Elements being written.
#[derive(Debug, Default)]
pub(super) struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    fn indent(&mut self) {
        for _ in 0..self.open.len() {
            self.text.push_str("  ");
        }
    }
    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes.iter().filter(|(_, v)| !v.is_empty()) {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            self.escaped(value);
            self.text.push('"');
        }
    }
    /// Opens an element; attributes without a value are left out.
    pub fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
    }
    /// An element without content.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push_str("/>\n");
    }
    /// An element with text only.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], content: &str) {
        self.start(name, attributes);
        self.text.push('>');
        self.escaped(content);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }
    /// Closes the innermost open element.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push_str(">\n");
        }
    }
    /// Text as it stands.
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// Complete elements written elsewhere, indented as they are here.
    pub fn append(&mut self, other: Self) {
        for line in other.text.lines() {
            self.indent();
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
    pub fn finish(self) -> String {
        self.text
    }
    fn escaped(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '&' => self.text.push_str("&amp;"),
                '"' => self.text.push_str("&quot;"),
                // Characters that XML 1.0 does not allow have no escape either.
                c if c.is_control() => self.text.push(' '),
                c => self.text.push(c),
            }
        }
    }
}
impl Xml {
    /// `<cn type="e-notation">`.
    pub fn e_notation(&mut self, unit: (&str, &str), mantissa: &str, exponent: &str) {
        self.start("cn", &[("type", "e-notation"), unit]);
        self.text.push('>');
        self.text.push_str(mantissa);
        self.text.push_str("<sep/>");
        self.text.push_str(exponent);
        self.text.push_str("</cn>\n");
    }
}
