//! Statements judged in every scenario.

use crate::report::view::{Conclusion, Fit, Scenario};

/// Statements judged in every scenario: that the fit converged, that the model meets the means, and each fact.
///
/// Relations whose ids share the part before a dot are one fact, which holds if all of them do. Without fits of at least
/// two scenarios there is nothing to compare.
pub fn conclusions(scenarios: &[Scenario]) -> Vec<Conclusion> {
    let fits: Vec<(&str, &Fit)> = scenarios
        .iter()
        .filter_map(|s| Some((s.id.as_str(), s.fit.as_ref()?)))
        .collect();
    if fits.len() < 2 {
        return Vec::new();
    }
    let mut list = Vec::new();
    let mut add = |text: String, of: &dyn Fn(&Fit) -> Option<bool>| {
        list.push(Conclusion {
            text,
            holds: fits
                .iter()
                .map(|(id, fit)| ((*id).to_owned(), of(fit)))
                .collect(),
            note: None,
        });
    };
    add("the fit converged".into(), &|f| {
        Some(f.status == "converged")
    });
    add("the model meets the means (P > 0.05)".into(), &|f| {
        f.p_value.map(|p| p > 0.05)
    });
    let mut facts: Vec<&str> = Vec::new();
    for r in fits.iter().flat_map(|(_, f)| &f.relations) {
        let fact = fact_of(&r.id);
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    for fact in facts {
        add(format!("{fact} holds"), &|f| {
            let own: Vec<Option<bool>> = f
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
