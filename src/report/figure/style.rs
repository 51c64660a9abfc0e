//! How the roles of figures look in light, dark and on paper.
//!
//! Series colours are those of Okabe and Ito (2008), "Color Universal Design", told apart under all common colour
//! deficiencies, lightened for dark ground; dashes and markers tell them apart in black and white. Heat maps run from
//! light to dark in one hue, so that their order survives a black-and-white print.

/// Variables of a light page. `sN` series, `hN` little to much, `vN` below to above zero.
const LIGHT: &str = "--ink:#1b1b1b;--muted:#595959;--axis:#8a8a8a;--grid:#e9e6df;--paper:#fffefb;--data:#1b1b1b;--fit:#0060a8;\
--limit:#b23c00;--band:#bcd7ec;--ghost:#c9c5bb;\
--s0:#0060a8;--s1:#c24e00;--s2:#007a5a;--s3:#a8447f;--s4:#8a6d00;--s5:#2c86c4;--s6:#5b5b5b;--s7:#7a4f2a;\
--h0:#f3f6f8;--h1:#dfeaf1;--h2:#c9dde9;--h3:#b0cee0;--h4:#94bdd6;--h5:#76aaca;--h6:#5795bc;--h7:#3b7eaa;--h8:#256694;--h9:#164e7a;--h10:#0b375c;\
--v0:#0b4a7f;--v1:#2c6fa6;--v2:#5a94c2;--v3:#90b9da;--v4:#c5dbeb;--v5:#f4f2ec;--v6:#f6d9c0;--v7:#eeb283;--v8:#df8748;--v9:#b5560f;--v10:#8f3f00;";

/// Variables of a dark page.
const DARK: &str = "--ink:#e9e6df;--muted:#b3afa6;--axis:#7d7a73;--grid:#2e2d2b;--paper:#191817;--data:#f1eee7;--fit:#67b5ef;\
--limit:#ff9a5c;--band:#254a66;--ghost:#4b4944;\
--s0:#67b5ef;--s1:#ff9a5c;--s2:#4fcfa5;--s3:#eba0cc;--s4:#e3c04a;--s5:#a5d5f7;--s6:#bdbab3;--s7:#d3a37a;\
--h0:#202428;--h1:#22313d;--h2:#243e52;--h3:#264c68;--h4:#295b7f;--h5:#316c97;--h6:#4480ac;--h7:#5f96be;--h8:#82aecf;--h9:#abc9e0;--h10:#d9e6f0;\
--v0:#a9d3f5;--v1:#78b4e2;--v2:#2a6a9b;--v3:#285a80;--v4:#254661;--v5:#262523;--v6:#533924;--v7:#734723;--v8:#92571f;--v9:#e0954f;--v10:#ffbe85;";

/// Rules that use the variables.
const RULES: &str = ".drawing{font:11px/1.2 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;font-variant-numeric:lining-nums}\
.drawing .l{fill:none;stroke:currentColor;stroke-linejoin:round}.drawing .f{fill:currentColor;stroke:none}\
.drawing .t{fill:currentColor;stroke:none}.drawing .strong{font-weight:600}.drawing .sub{font-size:75%}\
.drawing .ink{color:var(--ink)}.drawing .muted{color:var(--muted)}.drawing .axis{color:var(--axis)}.drawing .grid{color:var(--grid)}\
.drawing .paper{color:var(--paper)}.drawing .data{color:var(--data)}.drawing .fit{color:var(--fit)}.drawing .limit{color:var(--limit)}\
.drawing .band{color:var(--band)}.drawing .ghost{color:var(--ghost)}.drawing .touch{fill:transparent}\
.drawing .dashed .l{stroke-dasharray:5 3}.drawing .dotted .l{stroke-dasharray:1.5 3;stroke-linecap:round}.drawing .veil{opacity:.17}.drawing rect{shape-rendering:crispEdges}\
.drawing .d1 .l{stroke-dasharray:7 3}.drawing .d2 .l{stroke-dasharray:2 2.5}.drawing .d3 .l{stroke-dasharray:8 3 2 3}\
.drawing .d4 .l{stroke-dasharray:12 3}.drawing .d5 .l{stroke-dasharray:4 2}.drawing .d6 .l{stroke-dasharray:8 2 2 2 2 2}.drawing .d7 .l{stroke-dasharray:1 3}";

fn steps() -> String {
    let mut out = String::new();
    for (letter, n) in [('s', 8), ('h', 11), ('v', 11)] {
        for i in 0..n {
            out.push_str(&format!(
                ".drawing .{letter}{i}{{color:var(--{letter}{i})}}"
            ));
        }
    }
    out
}

/// For a page: variables on its root.
pub fn page() -> String {
    format!(
        ":root{{{LIGHT}}}@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}}}{RULES}{}",
        steps()
    )
}

/// For a file of its own.
pub fn file() -> String {
    format!(
        ".drawing{{{LIGHT}}}@media screen and (prefers-color-scheme:dark){{.drawing{{{DARK}}}}}{RULES}{}",
        steps()
    )
}

#[cfg(test)]
mod tests {
    use super::super::ink::{HEAT_STEPS, Ink, over_diverging};
    use super::*;

    /// Relative luminance of `--name:#rrggbb` (WCAG 2.2, "relative luminance").
    fn luminance(scheme: &str, name: &str) -> f64 {
        let (_, rest) = scheme.split_once(&format!("--{name}:#")).unwrap();
        let channel = |k: usize| {
            let c = f64::from(u8::from_str_radix(&rest[2 * k..2 * k + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                libm::pow((c + 0.055) / 1.055, 2.4)
            }
        };
        0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2)
    }

    #[test]
    fn words_over_a_scale_around_zero_can_be_read() {
        for scheme in [LIGHT, DARK] {
            for step in 0..HEAT_STEPS {
                let words = match over_diverging(step) {
                    Ink::Paper => "paper",
                    _ => "ink",
                };
                let (a, b) = (
                    luminance(scheme, words),
                    luminance(scheme, &format!("v{step}")),
                );
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                // WCAG 2.2, 1.4.3: 4.5 for small text.
                assert!(contrast >= 4.5, "step {step}: {contrast:.2} in {scheme}");
            }
        }
    }
}
