//! Mapping table, and the tables of the extension `mechfit`: relations, variants, claims.

use std::path::{Path, PathBuf};

use super::super::cells::{Cells, check_columns, number};
use super::super::findings::Findings;
use super::super::sheet::Sheet;
use super::super::{Claim, Relation, RelationKind, RelationUse, Variant};
use crate::diagnostic::Finding;
use crate::math::{Expr, Syntax};

/// Reads a mapping table; rows without model id are annotations and left out.
pub(in super::super) fn mapping(sheet: &Sheet, findings: &mut Findings) -> Vec<(String, String)> {
    let petab = sheet.require("petabEntityId", findings);
    let model = sheet.require("modelEntityId", findings);
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let to = cells.given(model).map(str::to_string);
        if let (Some(id), Some(to)) = (cells.id(petab), to) {
            list.push((id, to));
        }
    }
    list
}

/// Reads a relation table.
pub(in super::super) fn relations(sheet: &Sheet, findings: &mut Findings) -> Vec<Relation> {
    let id = sheet.require("relationId", findings);
    let left = sheet.require("left", findings);
    let relation = sheet.require("relation", findings);
    let right = sheet.require("right", findings);
    let usage = sheet.require("use", findings);
    let margin = sheet.column("margin");
    let sd = sheet.column("sd");
    let with = sheet.column("with");
    let source = sheet.column("source");
    check_columns(
        sheet,
        &[
            "relationId",
            "left",
            "relation",
            "right",
            "margin",
            "sd",
            "with",
            "use",
            "source",
        ],
        findings,
    );
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let id = relation_id(&mut cells, id);
        let left = cells.expression(left, Syntax::QUANTITY);
        let sides = kind(&mut cells, relation, right);
        let margin_value = cells.optional_number(margin);
        let sd_value = cells.optional_number(sd);
        let with = overrides(&mut cells, with);
        let usage = cells.word(
            usage,
            &[
                ("penalty", RelationUse::Penalty),
                ("check", RelationUse::Check),
            ],
            RelationUse::Check,
        );
        let (Some(id), Some(left), Some((kind, right)), Ok(m), Ok(s), Some(with), Some(usage)) =
            (id, left, sides, margin_value, sd_value, with, usage)
        else {
            continue;
        };
        let margin_value = m.unwrap_or(0.0);
        if kind == RelationKind::Approximately && margin_value <= 0.0 {
            cells.report(
                Finding::error("missing-margin", "`≈` needs a margin above 0")
                    .help("write how far the two sides may lie apart into `margin`"),
                margin.or(relation),
                "",
            );
        }
        if usage == RelationUse::Penalty && s.is_none_or(|s| s <= 0.0) {
            cells.report(
                Finding::error(
                    "missing-sd",
                    format!("relation `{id}` is in the objective and has no positive `sd`"),
                )
                .help("declare the standard deviation of the compared difference, or set `use` to `check`"),
                sd,
                "",
            );
        }
        list.push(Relation {
            id,
            left,
            kind,
            right,
            margin: margin_value,
            sd: s,
            with,
            usage,
            source: cells.note(source),
            row: cells.row.number,
        });
    }
    list
}

/// Ids of relations may have parts (`f1.a`): those that share the part before the dot hold together.
fn relation_id(cells: &mut Cells, column: Option<usize>) -> Option<String> {
    let text = cells.given(column)?;
    let good = text
        .split('.')
        .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    if !good {
        let finding = Finding::error("invalid-id", format!("`{text}` is not an identifier"))
            .help("letters, digits and `_`, with a dot between the fact and its part");
        cells.report(finding, column, "");
        return None;
    }
    Some(text.to_string())
}

/// Comparison and right side.
fn kind(
    cells: &mut Cells,
    relation: Option<usize>,
    right: Option<usize>,
) -> Option<(RelationKind, Expr)> {
    #[derive(Clone, Copy)]
    enum Word {
        Less,
        Greater,
        Near,
        In,
    }
    if relation.is_some() && cells.given(relation).is_none() {
        cells.report(
            Finding::error("empty-cell", "`relation` is empty")
                .help("write one of `<`, `>`, `≈`, `in`"),
            relation,
            "",
        );
        return None;
    }
    let word = cells.word(
        relation,
        &[
            ("<", Word::Less),
            (">", Word::Greater),
            ("≈", Word::Near),
            ("~", Word::Near),
            ("in", Word::In),
        ],
        Word::Less,
    )?;
    let kind = match word {
        Word::Less => RelationKind::Less,
        Word::Greater => RelationKind::Greater,
        Word::Near => RelationKind::Approximately,
        Word::In => {
            let ends = cells.numbers(right)?;
            let [lower, upper] = ends.as_slice() else {
                cells.report(
                    Finding::error("invalid-range", "`in` needs two numbers")
                        .help("write `lower;upper`"),
                    right,
                    "",
                );
                return None;
            };
            if upper < lower {
                cells.report(
                    Finding::error(
                        "crossed-bounds",
                        format!("the upper end {upper} lies below the lower end {lower}"),
                    )
                    .help("write `lower;upper`"),
                    right,
                    "",
                );
                return None;
            }
            let kind = RelationKind::In {
                lower: *lower,
                upper: *upper,
            };
            return Some((kind, Expr::number(0.0)));
        }
    };
    let right = cells.expression(right, Syntax::QUANTITY)?;
    Some((kind, right))
}

/// `id=value;id=value`.
fn overrides(cells: &mut Cells, column: Option<usize>) -> Option<Vec<(String, f64)>> {
    let Some(text) = cells.given(column) else {
        return Some(Vec::new());
    };
    let mut list = Vec::new();
    for item in text.split(';').map(str::trim) {
        let Some((id, value)) = item.split_once('=') else {
            cells.report(
                Finding::error("invalid-override", format!("`{item}` sets nothing"))
                    .help("write `parameter=value`, several separated by `;`"),
                column,
                "",
            );
            return None;
        };
        match number(value.trim()) {
            Ok(v) => list.push((id.trim().to_string(), v)),
            Err(why) => {
                cells.report(why.finding(value.trim(), "with"), column, "");
                return None;
            }
        }
    }
    Some(list)
}

/// Reads a variant table. Parts are looked for beside the problem.
pub(in super::super) fn variants(
    sheet: &Sheet,
    folder: &Path,
    findings: &mut Findings,
) -> Vec<Variant> {
    let id = sheet.require("modelId", findings);
    let parts = sheet.require("parts", findings);
    let nested = sheet.column("nestedIn");
    let description = sheet.column("description");
    let parameters: Vec<(usize, String)> = sheet
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| {
            !matches!(
                name.as_str(),
                "modelId" | "parts" | "nestedIn" | "source" | "description" | "note"
            )
        })
        .map(|(k, (name, _))| (k, name.clone()))
        .collect();
    let mut list: Vec<Variant> = Vec::new();
    let mut parents: Vec<(String, Finding)> = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let Some(id) = cells.id(id) else { continue };
        let parts: Vec<PathBuf> = cells
            .given(parts)
            .map(|t| t.split(';').map(|p| folder.join(p.trim())).collect())
            .unwrap_or_default();
        let nested_in = cells.ids(nested);
        let mut values = Vec::new();
        for (k, name) in &parameters {
            match cells.given(Some(*k)) {
                None => {}
                Some("estimate") => values.push((name.clone(), None)),
                Some(_) => {
                    if let Some(v) = cells.number(Some(*k)) {
                        values.push((name.clone(), Some(v)));
                    }
                }
            }
        }
        if list.iter().any(|v| v.id == id) {
            let finding =
                Finding::error("duplicate-id", format!("variant `{id}` is declared twice"))
                    .help("rename one of them");
            cells.report(finding, sheet.column("modelId"), "second");
            continue;
        }
        for parent in &nested_in {
            let finding = Finding::error(
                "unknown-variant",
                format!("there is no variant `{parent}`"),
            )
            .at(&sheet.source, cells.row.span(nested), "");
            parents.push((parent.clone(), finding));
        }
        list.push(Variant {
            id,
            description: cells.note(description).unwrap_or_default(),
            parts,
            nested_in,
            parameters: values,
            problem: None,
        });
    }
    for (parent, finding) in parents {
        if !list.iter().any(|v| v.id == parent) {
            let near = crate::diagnostic::similar(&parent, list.iter().map(|v| v.id.as_str()));
            findings.push(match near.first() {
                Some(n) => finding.help(format!("did you mean `{n}`?")),
                None => finding.help("`nestedIn` names another row of this table"),
            });
        }
    }
    list
}

/// Reads a claim table.
pub(in super::super) fn claims(sheet: &Sheet, findings: &mut Findings) -> Vec<Claim> {
    let id = sheet.require("claimId", findings);
    let kind = sheet.require("kind", findings);
    let arguments = sheet.require("arguments", findings);
    let printed = sheet.require("printed", findings);
    let source = sheet.column("source");
    let expect = sheet.column("expect");
    let mut list: Vec<Claim> = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let id = relation_id(&mut cells, id);
        let kind = cells.id(kind);
        let arguments: Vec<String> = cells
            .text(arguments)
            .split(';')
            .map(|a| a.trim().to_string())
            .collect();
        let printed = cells.text(printed).to_string();
        let expect = cells.given(expect) != Some("no");
        let (Some(id), Some(kind)) = (id, kind) else {
            continue;
        };
        list.push(Claim {
            id,
            kind,
            arguments,
            printed,
            expect,
            source: cells.note(source),
            row: cells.row.number,
        });
    }
    list
}
