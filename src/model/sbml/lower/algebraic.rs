//! Which quantity each algebraic rule determines.

use std::collections::{HashMap, HashSet};

use super::super::xml::{Log, Place};
use super::names::What;
use super::{Driver, Lowering};
use crate::math::Expr;

impl Lowering {
    /// Matches each rule to one quantity that nothing else determines, and marks these as driven by the rules.
    /// Result: quantity → rule.
    pub(super) fn match_algebraic(
        &mut self,
        log: &mut Log,
        rules: &[(Expr, Place)],
    ) -> HashMap<String, Expr> {
        let candidates: Vec<Vec<String>> = rules.iter().map(|(e, _)| self.candidates(e)).collect();
        // Quantity → rule.
        let mut matched: HashMap<String, usize> = HashMap::new();
        for (rule, (_, place)) in rules.iter().enumerate() {
            let mut seen = HashSet::new();
            if !augment(rule, &candidates, &mut matched, &mut seen) {
                log.error(
                    "overdetermined",
                    place,
                    "every quantity in this algebraic rule is determined by something else already",
                );
            }
        }
        for id in matched.keys() {
            self.drivers.insert(id.clone(), Driver::Algebraic);
        }
        matched
            .into_iter()
            .map(|(id, rule)| (id, rules[rule].0.clone()))
            .collect()
    }

    /// Quantities that a rule can determine; boundary species, and then those that events set, last.
    fn candidates(&self, rule: &Expr) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        let mut stack: Vec<&Expr> = vec![rule];
        while let Some(e) = stack.pop() {
            e.for_each_symbol(&mut |name| {
                if !seen.insert(name.to_string()) {
                    return;
                }
                match self.drivers.get(name) {
                    Some(Driver::Assignment(next)) => stack.push(next),
                    Some(_) => {}
                    None => {
                        if let Some(r) = self.model.reactions.iter().find(|r| r.id == name) {
                            stack.push(&r.rate);
                        } else if let Some(entity) = self.names.get(name)
                            && !entity.constant
                            && !matches!(entity.what, What::Reaction(_))
                        {
                            found.push(name.to_string());
                        }
                    }
                }
            });
        }
        let boundary = |id: &str| {
            let what = self.names.get(id).map(|e| e.what);
            matches!(what, Some(What::Species { boundary: true }))
        };
        found.sort_by_key(|id| (self.touched.contains(id), boundary(id)));
        found
    }
}

/// One augmenting path of a bipartite matching.
fn augment(
    rule: usize,
    candidates: &[Vec<String>],
    matched: &mut HashMap<String, usize>,
    seen: &mut HashSet<String>,
) -> bool {
    for id in &candidates[rule] {
        if !seen.insert(id.clone()) {
            continue;
        }
        let free = match matched.get(id).copied() {
            None => true,
            Some(other) => augment(other, candidates, matched, seen),
        };
        if free {
            matched.insert(id.clone(), rule);
            return true;
        }
    }
    false
}
