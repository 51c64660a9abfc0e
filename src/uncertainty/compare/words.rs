//! What a comparison says in words: facts, what speaks against each variant, and what cannot be told apart.

use super::rank::SIZE;
use super::{Comparison, Fact, Ranked, Relation};

/// Facts from checked relations: those whose ids share the part before the first dot belong together.
pub fn facts(relations: &[Relation]) -> Vec<Fact> {
    let mut list: Vec<Fact> = Vec::new();
    for r in relations.iter().filter(|r| r.usage == "check") {
        let id = r.id.split('.').next().unwrap_or(&r.id);
        let at = match list.iter().position(|f| f.id == id) {
            Some(at) => at,
            None => {
                list.push(Fact {
                    id: id.into(),
                    holds: Some(true),
                    failed: Vec::new(),
                });
                list.len() - 1
            }
        };
        let Some(fact) = list.get_mut(at) else {
            continue;
        };
        match r.holds {
            Some(true) => {}
            Some(false) => {
                fact.failed.push(r.id.clone());
                fact.holds = Some(false);
            }
            None if fact.failed.is_empty() => fact.holds = None,
            None => {}
        }
    }
    list
}

/// Writes down what speaks against each variant: its distance in AICc, its goodness of fit, a test against another
/// variant, the facts that it does not show.
pub fn exclude(comparison: &mut Comparison) {
    let best = comparison.models.first().map(|m| m.id.clone());
    for m in &mut comparison.models {
        let mut list = Vec::new();
        if let (Some(delta), Some(best)) = (m.delta, &best)
            && m.far()
        {
            let effective = match m.delta_effective {
                Some(d) if (d - delta).abs() >= 0.05 => {
                    format!(" ({d:.1} above the lowest with effective parameters)")
                }
                _ => String::new(),
            };
            list.push(format!(
                "its AICc is {delta:.1} above that of {best}{effective}"
            ));
        }
        let misfit = [
            (
                "the means do not fit (bootstrap P = ",
                m.p_value_bootstrap.filter(|p| *p < SIZE),
            ),
            (
                "means, other values, priors and relations together do not fit (bootstrap P = ",
                m.p_value_bootstrap_all.filter(|p| *p < SIZE),
            ),
        ];
        for (text, p) in misfit {
            if let Some(p) = p {
                list.push(format!("{text}{})", short_p(p)));
            }
        }
        for p in &comparison.pairs {
            let (own, other) = if p.first == m.id {
                (p.p_first, &p.second)
            } else if p.second == m.id {
                (p.p_second, &p.first)
            } else {
                continue;
            };
            if let Some(own) = own.filter(|p| *p < SIZE) {
                list.push(if p.nested {
                    format!("what {other} adds is needed (P = {})", short_p(own))
                } else {
                    format!(
                        "data drawn from it seldom favour {other} as much (P = {})",
                        short_p(own)
                    )
                });
            }
        }
        for f in m.facts.iter().filter(|f| f.holds == Some(false)) {
            list.push(if f.failed == [f.id.clone()] {
                format!("it does not show {}", f.id)
            } else {
                format!("it does not show {} ({})", f.id, f.failed.join(", "))
            });
        }
        m.excluded_by = list;
    }
}

fn short_p(p: f64) -> String {
    if p < 0.001 {
        "0.001 or less".into()
    } else {
        format!("{p:.3}")
    }
}

/// A number to two digits of its standard error.
fn rounded(x: f64, error: f64) -> String {
    let decimals = if error > 0.0 && error.is_finite() {
        (1.0 - libm::floor(libm::log10(error))).clamp(0.0, 8.0) as usize
    } else {
        3
    };
    format!("{x:.decimals$}")
}

/// The comparison in sentences: the best, what is excluded and by what, what cannot be told apart.
pub fn conclusions(comparison: &Comparison) -> Vec<String> {
    let mut list = Vec::new();
    let Some(best) = comparison.models.first() else {
        return vec!["No variant could be ranked.".into()];
    };
    let named = |m: &Ranked| {
        if m.description.is_empty() {
            m.id.clone()
        } else {
            format!("{} ({})", m.id, m.description)
        }
    };
    list.push(match best.excluded_by.is_empty() {
        true => format!("{} has the lowest AICc.", named(best)),
        false => format!(
            "{} has the lowest AICc, but: {}.",
            named(best),
            best.excluded_by.join("; ")
        ),
    });
    let open: Vec<&str> = comparison
        .models
        .iter()
        .filter(|m| m.excluded_by.is_empty())
        .map(|m| m.id.as_str())
        .collect();
    match open.as_slice() {
        [] => list.push("Something speaks against every variant.".into()),
        [one] => list.push(format!("Nothing speaks against {one} only.")),
        more => list.push(format!(
            "Nothing speaks against {}: these data cannot tell them apart.",
            more.join(", ")
        )),
    }
    for m in comparison
        .models
        .iter()
        .skip(1)
        .filter(|m| !m.excluded_by.is_empty())
    {
        list.push(format!(
            "Against {}: {}.",
            named(m),
            m.excluded_by.join("; ")
        ));
    }
    for d in &comparison.discriminations {
        if let Some(m) = d.measurements.first() {
            list.push(format!(
                "To tell {} from {}: measure {} ({} against {}; with n = {} they would differ by {:.1} standard errors).",
                d.second,
                d.first,
                m.id,
                rounded(m.value_first, m.error),
                rounded(m.value_second, m.error),
                m.n,
                m.distance
            ));
        }
    }
    for r in &comparison.refused {
        list.push(format!("{} is not ranked: {}.", r.id, r.reason));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(id: &str, holds: Option<bool>, usage: &str) -> Relation {
        Relation {
            id: id.into(),
            holds,
            margin: None,
            value: None,
            usage: usage.into(),
        }
    }

    #[test]
    fn relations_that_share_the_part_before_a_dot_make_one_fact() {
        let list = facts(&[
            relation("f1.a", Some(true), "check"),
            relation("blot", Some(false), "penalty"),
            relation("f2", Some(false), "check"),
            relation("f1.b", Some(false), "check"),
            relation("f3.a", None, "check"),
            relation("f3.b", Some(true), "check"),
        ]);
        let shown: Vec<(&str, Option<bool>, usize)> = list
            .iter()
            .map(|f| (f.id.as_str(), f.holds, f.failed.len()))
            .collect();
        assert_eq!(
            shown,
            [
                ("f1", Some(false), 1),
                ("f2", Some(false), 1),
                ("f3", None, 0)
            ]
        );
    }

    #[test]
    fn what_speaks_against_a_variant_is_said_and_the_others_cannot_be_told_apart() {
        let model = |id: &str, delta: f64, p: f64| Ranked {
            id: id.into(),
            delta: Some(delta),
            p_value_bootstrap: Some(p),
            ..Ranked::default()
        };
        let mut c = Comparison {
            models: vec![
                model("a", 0.0, 0.4),
                model("b", 2.0, 0.3),
                model("c", 7.5, 0.01),
            ],
            pairs: Vec::new(),
            refused: Vec::new(),
            supported: Vec::new(),
            discriminations: Vec::new(),
            conclusions: Vec::new(),
        };
        exclude(&mut c);
        assert_eq!(c.models[2].excluded_by.len(), 2);
        let said = conclusions(&c);
        assert_eq!(
            said[1],
            "Nothing speaks against a, b: these data cannot tell them apart."
        );
        assert_eq!(
            said[2],
            "Against c: its AICc is 7.5 above that of a; the means do not fit (bootstrap P = 0.010)."
        );
    }
}
