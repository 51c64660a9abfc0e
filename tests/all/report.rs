//! Reports: whole, well-formed, safe, the same twice, and readable without colour or mouse.

use mechfit::report::document::{Block, Document};
use mechfit::report::number::Style;
use mechfit::report::table::Terminal;
use mechfit::report::{View, figure, markdown, page, terminal};

use super::support::demo;

/// Size that a report may have.
const MOST_BYTES: usize = 3_000_000;

/// A page without script and style, which hold no markup of their own.
fn markup(html: &str) -> String {
    let mut text = html.strip_prefix("<!DOCTYPE html>\n").unwrap().to_owned();
    for tag in ["script", "style"] {
        let a = text.find(&format!("<{tag}>")).unwrap();
        let b = text.find(&format!("</{tag}>")).unwrap();
        text.replace_range(a + tag.len() + 2..b, "");
    }
    text
}

/// Where a demonstration is written for a look at it, if anywhere.
fn shown(name: &str, text: &str) {
    if let Ok(folder) = std::env::var("MECHFIT_SHOW") {
        std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
    }
}

#[test]
fn every_part_of_a_view_appears_in_a_page_below_its_limit() {
    let document = Document::of(&demo::view(), Style::Typeset);
    let html = page::html(&document);
    shown("demo.html", &html);
    assert!(html.len() < MOST_BYTES, "{} bytes", html.len());
    let text = markup(&html);
    let tree = roxmltree::Document::parse(&text).unwrap();
    let ids: Vec<&str> = tree
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    for id in [
        "question",
        "summary",
        "data",
        "model",
        "fit",
        "facts",
        "search",
        "estimates",
        "profiles",
        "bootstrap",
        "variants",
        "courses",
        "predictions",
        "doses",
        "combinations",
        "populations",
        "sensitivities",
        "designs",
        "scenarios",
        "claims",
        "coverage",
        "warnings",
        "assumptions",
        "methods",
        "audit",
    ] {
        assert!(ids.contains(&id), "section {id}");
    }
    for id in [
        "diagram",
        "fit",
        "residuals",
        "starts",
        "intervals",
        "profiles",
        "bootstrap",
        "correlation",
        "course-mfi",
        "dose-vcr-apoptosis",
        "combine-amd-vcr",
    ] {
        assert!(
            ids.contains(&format!("figure-{id}").as_str()),
            "figure {id}"
        );
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len(), "an id stands twice");
}

#[test]
fn every_drawing_has_a_name_and_every_plot_names_its_units() {
    let html = page::html(&Document::of(&demo::view(), Style::Typeset));
    let text = markup(&html);
    let tree = roxmltree::Document::parse(&text).unwrap();
    let svg = ("http://www.w3.org/2000/svg", "svg");
    for n in tree.descendants().filter(|n| n.has_tag_name(svg)) {
        let named = n.attribute("aria-label").is_some_and(|l| !l.is_empty());
        assert!(named || n.attribute("aria-hidden") == Some("true"));
    }
    for unit in ["MFI", "ng/mL", "%", "vcr (nM)", "time (h)"] {
        assert!(html.contains(&format!(">{unit}<")), "no axis says {unit}");
    }
}

#[test]
fn figures_stand_by_themselves_as_files() {
    let document = Document::of(&demo::view(), Style::Typeset);
    let figures = figure::of(&document);
    assert!(figures.len() >= 12);
    for f in figures {
        let svg = f.svg();
        shown(&format!("{}.svg", f.id), &svg);
        let tree = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{}: {e}", f.id));
        let number = |name: &str| {
            tree.root_element()
                .attribute(name)
                .unwrap()
                .parse::<f64>()
                .unwrap()
        };
        assert!(
            number("width") > 100.0 && number("height") > 50.0,
            "{}",
            f.id
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", f.id);
    }
}

#[test]
fn a_report_of_a_fit_alone_is_whole() {
    let all = demo::view();
    let view = View {
        study: all.study,
        fit: all.fit,
        ..View::default()
    };
    let document = Document::of(&view, Style::Typeset);
    let ids: Vec<&str> = document.sections.iter().map(|s| s.id).collect();
    assert_eq!(
        ids,
        [
            "summary",
            "data",
            "model",
            "fit",
            "facts",
            "search",
            "estimates",
            "warnings",
            "methods",
            "audit"
        ]
    );
    roxmltree::Document::parse(&markup(&page::html(&document))).unwrap();
}

#[test]
fn an_empty_view_gives_an_empty_page_and_no_panic() {
    let document = Document::of(&View::default(), Style::Typeset);
    assert!(document.sections.is_empty());
    roxmltree::Document::parse(&markup(&page::html(&document))).unwrap();
    assert_eq!(markdown::markdown(&document, ""), "# Fit\n");
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    let render = || page::html(&Document::of(&demo::view(), Style::Typeset));
    assert_eq!(render(), render());
}

/// Replaces every text of a user's by one that would break out of any markup.
fn poisoned() -> View {
    const EVIL: &str = "\"'><script>alert(1)</script><svg onload=alert(2)>](javascript:x)|`*_";
    let mut view = demo::view();
    view.title = EVIL.into();
    view.question = vec![EVIL.into()];
    for o in &mut view.study.observables {
        o.name = EVIL.into();
        o.unit = Some(EVIL.into());
        o.noise = Some(EVIL.into());
    }
    for p in &mut view.study.parameters {
        p.description = EVIL.into();
        p.unit = Some(EVIL.into());
        p.source = Some(EVIL.into());
        p.prior = Some(EVIL.into());
    }
    let fit = view.fit.as_mut().unwrap();
    for r in &mut fit.data {
        r.source = Some(EVIL.into());
        r.experiment = format!("{EVIL}{}", r.experiment);
    }
    for e in &mut fit.estimates {
        e.unit = Some(EVIL.into());
        e.verdict_text = Some(EVIL.into());
    }
    for w in &mut fit.warnings {
        w.text = EVIL.into();
        w.place = Some(EVIL.into());
        w.code = EVIL.into();
    }
    for r in &mut fit.relations {
        r.id = format!("{EVIL}{}", r.id);
    }
    fit.provenance = serde_json::json!({ EVIL: EVIL });
    let e = view.equations.as_mut().unwrap();
    e.description = EVIL.into();
    for n in &mut e.nodes {
        n.id = format!("{EVIL}{}", n.id);
        n.description = EVIL.into();
    }
    for q in &mut e.rates {
        q.left = EVIL.into();
        q.description = EVIL.into();
    }
    for d in &mut view.doses {
        d.input = EVIL.into();
        d.response = EVIL.into();
    }
    for c in &mut view.combinations {
        c.inputs = [EVIL.into(), EVIL.into()];
    }
    for c in &mut view.courses.as_mut().unwrap().courses {
        c.observable = EVIL.into();
    }
    view.audit.command = Some(EVIL.into());
    view.audit.files = [(EVIL.to_owned(), EVIL.to_owned())].into();
    view
}

#[test]
fn nothing_of_a_users_becomes_markup_in_page_or_figures() {
    let document = Document::of(&poisoned(), Style::Typeset);
    let html = page::html(&document);
    let text = markup(&html);
    let tree = roxmltree::Document::parse(&text).unwrap();
    let scripts = tree
        .descendants()
        .filter(|n| n.tag_name().name() == "script")
        .count();
    assert_eq!(scripts, 1);
    for n in tree.descendants() {
        assert!(
            n.attributes().all(|a| !a.name().starts_with("on")),
            "{:?}",
            n.tag_name()
        );
        let link = n.attribute("href").unwrap_or("#");
        assert!(link.starts_with('#') || link == "data:,", "{link}");
    }
    for f in figure::of(&document) {
        let svg = f.svg();
        let tree = roxmltree::Document::parse(&svg).unwrap();
        assert!(tree.descendants().all(|n| n.tag_name().name() != "script"));
    }
}

#[test]
fn nothing_of_a_users_becomes_markup_in_markdown() {
    let text = markdown::markdown(&Document::of(&poisoned(), Style::Typeset), "");
    // Outside code, every `<` and `](` carries a backslash.
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("![") {
            continue;
        }
        let mut code = String::new();
        let mut outside = true;
        let mut run = 0;
        let mut open = 0;
        let mut previous = ' ';
        for c in line.chars() {
            if c == '`' && (previous != '\\' || !outside) {
                run += 1;
            } else {
                if run > 0 {
                    if outside {
                        outside = false;
                        open = run;
                    } else if run == open {
                        outside = true;
                    }
                    run = 0;
                }
                if outside {
                    code.push(c);
                }
            }
            previous = c;
        }
        for (i, _) in code.match_indices('<') {
            assert!(code[..i].ends_with('\\'), "{line}");
        }
        for (i, _) in code.match_indices("](") {
            assert!(code[..i].ends_with('\\'), "{line}");
        }
    }
}

#[test]
fn the_terminal_shows_what_matters_in_a_hundred_columns() {
    let brief = Document::brief(&demo::view(), Style::Plain);
    let text = terminal::render(&brief, Terminal::default());
    shown("demo.txt", &text);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_estimate_that_repeats_its_prior_is_never_printed_as_a_number() {
    let document = Document::of(&demo::view(), Style::Typeset);
    let section = document
        .sections
        .iter()
        .find(|s| s.id == "estimates")
        .unwrap();
    for b in &section.blocks {
        if let Block::Table(t) = b
            && t.columns.iter().any(|c| c.title.words() == "estimate")
        {
            assert!(t.rows.iter().all(|r| r[0].text.words() != "EC_V"));
            assert_eq!(t.rows.len(), 7);
        }
    }
}

#[test]
fn a_small_figure_is_drawn_as_it_was() {
    let all = demo::view();
    let mut fit = all.fit.unwrap();
    fit.data.retain(|r| r.observable == "cxcl12");
    fit.data.truncate(2);
    let f = figure::fit(&all.study, &fit).unwrap();
    insta::assert_snapshot!(f.drawings[0].inline().replace("><", ">\n<"));
}

#[test]
fn thousands_of_rows_and_values_that_are_no_numbers_still_give_a_page() {
    let mut view = demo::view();
    let fit = view.fit.as_mut().unwrap();
    let row = fit.data[1].clone();
    let odd = [f64::NAN, f64::INFINITY, 0.0, -1e300, 1e-300];
    for i in 0..20_000 {
        let mut r = row.clone();
        r.observable = ["mfi", "other"][i % 2].into();
        r.experiment = format!("arm{i}");
        r.time = Some((i % 300) as f64 * (i % 2) as f64);
        if i % 50 == 0 {
            let v = Some(odd[i / 50 % 5]);
            (r.measured, r.sd, r.fitted, r.residual, r.leverage) = (v, v, v, v, v);
            r.time = v;
        }
        fit.data.push(r);
    }
    for e in &mut fit.estimates {
        (e.lower_bound, e.upper_bound, e.value) = (f64::NEG_INFINITY, f64::NAN, f64::NAN);
    }
    for p in &mut view.profiles.as_mut().unwrap().parameters {
        p.points.iter_mut().for_each(|q| q.objective = f64::NAN);
    }
    for c in &mut view.courses.as_mut().unwrap().courses {
        c.band.value.fill(f64::NAN);
        c.band.lower.clear();
    }
    for d in &mut view.doses {
        d.curve
            .iter_mut()
            .for_each(|p| (p.dose, p.value) = (0.0, f64::NAN));
    }
    for c in &mut view.combinations {
        c.surface
            .iter_mut()
            .for_each(|p| p.response.value = f64::INFINITY);
    }
    let html = page::html(&Document::of(&view, Style::Typeset));
    assert!(html.len() < MOST_BYTES, "{} bytes", html.len());
    roxmltree::Document::parse(&markup(&html)).unwrap();
}
