//! Orders of evaluation: assignments each behind those that they use, initial values without circles.

use std::collections::HashMap;

use super::super::xml::Log;
use super::names::Names;
use crate::diagnostic::Finding;
use crate::math::Expr;
use crate::model::Model;

/// Sorts the assignments so that each comes behind the ones that it uses; circles are recorded.
pub(super) fn assignments(log: &mut Log, model: &mut Model, names: &Names) {
    let index: HashMap<&str, usize> = model
        .assignments
        .iter()
        .enumerate()
        .map(|(i, a)| (a.id.as_str(), i))
        .collect();
    let uses: Vec<Vec<usize>> = model
        .assignments
        .iter()
        .map(|a| targets(&a.value, &index))
        .collect();
    match sorted(&uses) {
        Ok(order) => {
            let mut slots: Vec<Option<_>> = std::mem::take(&mut model.assignments)
                .into_iter()
                .map(Some)
                .collect();
            model.assignments = order
                .into_iter()
                .filter_map(|i| slots.get_mut(i).and_then(Option::take))
                .collect();
        }
        Err(circle) => {
            let ids: Vec<&str> = circle
                .iter()
                .map(|&i| model.assignments[i].id.as_str())
                .collect();
            cycle(log, names, &ids, "are computed from");
        }
    }
}

/// Records circles among initial values.
pub(super) fn initial_values(log: &mut Log, model: &Model, names: &Names) {
    let parameters = model.parameters.iter().map(|p| (p.id.as_str(), &p.value));
    let states = model.states.iter().map(|s| (s.id.as_str(), &s.initial));
    let assignments = model.assignments.iter().map(|a| (a.id.as_str(), &a.value));
    let all: Vec<(&str, &Expr)> = parameters.chain(states).chain(assignments).collect();
    let index: HashMap<&str, usize> = all
        .iter()
        .enumerate()
        .map(|(i, (id, _))| (*id, i))
        .collect();
    let uses: Vec<Vec<usize>> = all.iter().map(|(_, e)| targets(e, &index)).collect();
    if let Err(circle) = sorted(&uses)
        && log.is_clean()
    {
        let ids: Vec<&str> = circle.iter().map(|&i| all[i].0).collect();
        cycle(log, names, &ids, "have initial values computed from");
    }
}

fn targets(e: &Expr, index: &HashMap<&str, usize>) -> Vec<usize> {
    let mut list = Vec::new();
    e.for_each_symbol(&mut |name| list.extend(index.get(name)));
    list.sort_unstable();
    list.dedup();
    list
}

fn cycle(log: &mut Log, names: &Names, ids: &[&str], how: &str) {
    let shown: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    let message = match shown.as_slice() {
        [one] => format!("{one} is defined by itself"),
        _ => format!("{} {how} one another", shown.join(", ")),
    };
    let mut finding = Finding::error("cycle", message);
    for (k, id) in ids.iter().enumerate() {
        if let Some(entity) = names.get(id) {
            finding = if k == 0 {
                finding.at(&log.source, entity.place.clone(), "")
            } else {
                finding.and(&log.source, entity.place.clone(), "")
            };
        }
    }
    log.findings.push(finding);
}

/// An order in which every node comes behind those that it uses, or the nodes of a circle.
fn sorted(uses: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; uses.len()];
    let mut order = Vec::with_capacity(uses.len());
    for root in 0..uses.len() {
        if marks[root] != Mark::New {
            continue;
        }
        let mut path = vec![(root, 0)];
        marks[root] = Mark::Open;
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            match uses[node].get(*next) {
                Some(&to) => {
                    *next += 1;
                    match marks[to] {
                        Mark::New => {
                            marks[to] = Mark::Open;
                            path.push((to, 0));
                        }
                        Mark::Open => {
                            let from = path.iter().position(|(n, _)| *n == to).unwrap_or(0);
                            return Err(path[from..].iter().map(|(n, _)| *n).collect());
                        }
                        Mark::Done => {}
                    }
                }
                None => {
                    marks[node] = Mark::Done;
                    order.push(node);
                    path.pop();
                }
            }
        }
    }
    Ok(order)
}
