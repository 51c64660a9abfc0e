//! What a reader takes away if they read nothing else.

use super::super::number::{Style, percent, significant};
use super::super::view::View;
use super::super::words;
use super::estimates::verdict;
use super::{Block, Section, Text, Tone, compose, fit};
use crate::uncertainty::Verdict;
use crate::uncertainty::compare::Ranked;

/// Estimates named in the summary: more would be the table again.
const NAMED: usize = 12;

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(f) = &view.fit {
        let mut points = vec![fit::goodness(f, style)];
        points.extend(determined(view));
        points.extend(facts(view));
        points.extend(variants(view));
        points.extend(extrapolation(view));
        points.extend(changes(view));
        blocks.push(Block::List(points));
        if let Some(text) = warnings(view) {
            blocks.push(Block::Note(Tone::Mind, text));
        }
        if let Some(next) = next_measurement(view, style) {
            blocks.push(Block::Paragraph(next));
        }
    }
    Section {
        id: "summary",
        title: "In short".into(),
        blocks,
    }
}

fn determined(view: &View) -> Option<Text> {
    let f = view.fit.as_ref()?;
    let of = |wanted: &[Verdict]| -> Vec<Text> {
        f.estimates
            .iter()
            .filter(|e| verdict(view, e).is_some_and(|v| wanted.contains(&v)))
            .map(|e| Text::of_symbol(e.id.as_str()))
            .collect()
    };
    let list = |mut names: Vec<Text>| {
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        if more > 0 {
            names.push(format!("{more} more").into());
        }
        Text::new().enumerated(names)
    };
    let good = of(&[Verdict::Identifiable]);
    let weak = of(&[
        Verdict::PracticallyNonIdentifiable,
        Verdict::StructurallyNonIdentifiable,
    ]);
    let prior = of(&[Verdict::PriorOnly]);
    if good.is_empty() && weak.is_empty() && prior.is_empty() {
        return None;
    }
    let mut text = Text::new();
    if good.is_empty() && weak.is_empty() {
        // Nobody has judged them without profiles.
    } else if good.is_empty() {
        text = text.plain("The data determine none of the parameters.");
    } else {
        text = text.plain("The data determine ").and(list(good)).plain(".");
    }
    if !weak.is_empty() {
        text = text.plain(" They leave open ").and(list(weak)).plain(".");
    }
    if !prior.is_empty() {
        let text_is_empty = text.is_empty();
        let verb = if prior.len() == 1 {
            " repeats its prior and is"
        } else {
            " repeat their priors and are"
        };
        text = text
            .plain(if text_is_empty { "" } else { " " })
            .and(list(prior))
            .plain(format!("{verb} not estimated."));
    }
    Some(text)
}

fn facts(view: &View) -> Option<Text> {
    let f = view.fit.as_ref()?;
    let (held, judged) = fit::tally(&f.relations);
    if judged == 0 {
        return None;
    }
    let failed: Vec<Text> = f
        .relations
        .iter()
        .filter(|r| r.holds == Some(false))
        .map(|r| Text::new().code(r.id.as_str()))
        .collect();
    let text = Text::from(format!(
        "{held} of {} hold",
        words::counted(judged, "fact or relation", "facts and relations")
    ));
    Some(if failed.is_empty() {
        text.plain(".")
    } else {
        text.plain("; ")
            .enumerated(failed)
            .plain(if judged - held == 1 {
                " fails."
            } else {
                " fail."
            })
    })
}

fn variants(view: &View) -> Option<Text> {
    let c = view.comparison.as_ref()?;
    let best = c.models.first()?;
    // What a fact or a test speaks against is not what the data leave open.
    let (excluded, open): (Vec<&Ranked>, Vec<&Ranked>) = c
        .models
        .iter()
        .filter(|m| m.id != best.id && c.supported.contains(&m.id))
        .partition(|m| !m.excluded_by.is_empty());
    let ids = |models: Vec<&Ranked>| -> Vec<Text> {
        let ids = models.into_iter().map(|m| m.id.as_str());
        ids.map(|id| Text::new().code(id)).collect()
    };
    let mut text = Text::from(format!(
        "Of {} the data favour ",
        words::counted(c.models.len() as u64, "variant", "variants")
    ))
    .code(best.id.as_str());
    if !open.is_empty() {
        text = text
            .plain(" but cannot tell it from ")
            .enumerated(ids(open));
    }
    if !excluded.is_empty() {
        let words = if excluded.len() == 1 {
            " comes near it by AICc, but a fact or a test speaks against it"
        } else {
            " come near it by AICc, but facts or tests speak against them"
        };
        text = text.plain("; ").enumerated(ids(excluded)).plain(words);
    }
    Some(text.plain("."))
}

/// Doses whose position nobody measured.
fn extrapolation(view: &View) -> Option<Text> {
    let inputs: Vec<Text> = {
        let mut ids: Vec<&str> = view
            .doses
            .iter()
            .filter(|d| d.prior_only)
            .map(|d| d.input.as_str())
            .collect();
        ids.dedup();
        ids.into_iter().map(Text::of_symbol).collect()
    };
    if inputs.is_empty() {
        return None;
    }
    Some(
        Text::from("Where the response to ")
            .enumerated(inputs)
            .plain(" lies on the dose axis comes from a prior, not from these data."),
    )
}

fn changes(view: &View) -> Option<Text> {
    if view.conclusions.is_empty() {
        return None;
    }
    let changing: Vec<Text> = view
        .conclusions
        .iter()
        .filter(|c| super::scenarios::differs(c))
        .map(|c| Text::from(format!("“{}”", c.text)))
        .collect();
    let n = words::counted(view.scenarios.len() as u64, "scenario", "scenarios");
    Some(if changing.is_empty() {
        format!("All conclusions are the same in {n}.").into()
    } else {
        Text::from(format!("Between {n} these conclusions change: "))
            .enumerated(changing)
            .plain(".")
    })
}

fn warnings(view: &View) -> Option<Text> {
    let all = compose::all_warnings(view);
    let first = all.first()?;
    let mut text = Text::new();
    if let Some(place) = first.place.as_ref().filter(|p| !p.is_empty()) {
        text = text.strong(place.as_str()).plain(": ");
    }
    text = text.and(Text::marked(&first.text));
    Some(match all.len() - 1 {
        0 => text,
        n => text.plain(format!(
            " ({} below.)",
            words::counted(n as u64, "further warning", "further warnings")
        )),
    })
}

fn next_measurement(view: &View, style: Style) -> Option<Text> {
    let design = view.designs.iter().find(|d| d.target.is_some())?;
    let best = design.proposals.first()?;
    let narrowing = design.narrowing(best).filter(|r| *r > 0.0)?;
    Some(
        Text::from("One further measurement that would help most: ")
            .strong(best.id.as_str())
            .plain(format!(
                " (n = {}), which is expected to narrow the interval of ",
                best.n
            ))
            .code(design.target.as_deref().unwrap_or_default())
            .plain(match (best.expected_lower, best.expected_upper) {
                (Some(a), Some(b)) => format!(
                    " by {}, to {} to {}.",
                    percent(narrowing, style),
                    significant(a, 3, style),
                    significant(b, 3, style)
                ),
                _ => format!(" by {}.", percent(narrowing, style)),
            }),
    )
}
