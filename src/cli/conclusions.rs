//! Statements judged in every scenario.

use crate::report::view;
use crate::study::fitted::FitDocument;

/// Statements judged in every scenario: that the fit converged, that the model meets the means, and each fact.
///
/// Relations whose ids share the part before a dot are one fact, which holds if all of them do.
pub fn conclusions(fits: &[&FitDocument]) -> Vec<view::Conclusion> {
    let mut list = Vec::new();
    let mut add = |text: String, of: &dyn Fn(&FitDocument) -> Option<bool>| {
        list.push(view::Conclusion {
            text,
            holds: fits.iter().map(|d| (d.scenario.clone(), of(d))).collect(),
            note: None,
        });
    };
    add("the fit converged".into(), &|d| {
        Some(d.status == "converged")
    });
    add("the model meets the means (P > 0.05)".into(), &|d| {
        d.goodness.p_value.map(|p| p > 0.05)
    });
    let mut facts: Vec<String> = Vec::new();
    for r in fits.iter().flat_map(|d| &d.relations) {
        let fact = fact_of(&r.id);
        if !facts.iter().any(|f| f == fact) {
            facts.push(fact.to_string());
        }
    }
    for fact in facts {
        add(format!("{fact} holds"), &|d| {
            let own: Vec<Option<bool>> = d
                .relations
                .iter()
                .filter(|r| fact_of(&r.id) == fact)
                .map(|r| r.holds)
                .collect();
            if own.is_empty() || own.contains(&None) {
                None
            } else {
                Some(own.iter().all(|h| *h == Some(true)))
            }
        });
    }
    list
}

fn fact_of(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}
