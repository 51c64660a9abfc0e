//! Files to one list of statements: a base model, what extends it, and the parts laid over it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};

use super::findings::Findings;
use super::read::{did_you_mean, read};
use super::syntax::{Change, Entity, File, Fixed, Head, Item, Key, Role, Statement, Word};
use super::text::{Text, decode};

/// Longest chain of models that extend one another.
const LONGEST_CHAIN: usize = 16;

/// Most parts that one model is made of.
const MOST_PARTS: usize = 64;

/// How a file is read: its bytes, or why not.
pub(super) type Files<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

/// A model with everything that is laid over it.
#[derive(Debug)]
pub(super) struct Composition {
    pub source: Arc<Source>,
    pub name: String,
    pub description: String,
    /// In order; the place of a removed statement is empty.
    statements: Vec<Option<Statement>>,
    index: HashMap<Key, usize>,
    /// File names of the models below, the lowest first.
    chain: Vec<String>,
}

impl Composition {
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().flatten()
    }

    /// Whether more than one file went in.
    pub fn is_composed(&self) -> bool {
        let mut statements = self.statements();
        let first = statements.next().map(|s| &s.source);
        self.chain.len() > 1 || statements.any(|s| Some(&s.source) != first)
    }

    fn push(&mut self, statement: Statement, findings: &mut Findings) {
        if let Some(key) = statement.key() {
            if let Some(first) = self
                .index
                .get(&key)
                .and_then(|&i| self.statements[i].as_ref())
            {
                findings.push(declared_twice(&key, first, &statement));
                return;
            }
            self.index.insert(key, self.statements.len());
        }
        self.statements.push(Some(statement));
    }

    /// A statement about `name`, whatever its role.
    fn elsewhere(&self, name: &str) -> Option<&Statement> {
        [Key::Name, Key::Output, Key::Rate]
            .into_iter()
            .find_map(|role| self.get(&role(name.to_string())))
            .map(|(_, s)| s)
    }

    fn get(&self, key: &Key) -> Option<(usize, &Statement)> {
        let i = *self.index.get(key)?;
        self.statements.get(i)?.as_ref().map(|s| (i, s))
    }
}

fn declared_twice(key: &Key, first: &Statement, second: &Statement) -> Finding {
    let what = match key {
        Key::Rate(_) => format!("`{}` has two equations", key.shown()),
        Key::Time => "the unit of time is given twice".into(),
        _ => format!("`{}` is declared twice", key.shown()),
    };
    let finding = Finding::error("duplicate-name", what)
        .at(&second.source, second.name_span(), "here again")
        .and(&first.source, first.name_span(), "first here");
    if matches!(key, Key::Time | Key::Unit(_)) {
        return finding.help("leave one of the lines out");
    }
    match (key, first.source == second.source) {
        (Key::Rate(_), true) => finding.help("write one equation with all its terms"),
        (_, true) => finding.help("use another name for one of them"),
        (_, false) => finding.help(format!(
            "to change it, write `replace {} …`",
            replaceable(second)
        )),
    }
}

/// The beginning of a statement as a part writes it.
fn replaceable(statement: &Statement) -> String {
    match &statement.item {
        Item::Time(_) => "time".into(),
        Item::Unit { name, .. } => format!("unit {}", name.text),
        Item::Substance { name, .. } => format!("substance {}", name.text),
        Item::Entity(e) => format!("{} {} =", e.role.keyword(), e.name.text),
        Item::Rate { state, .. } => format!("d/dt({}) =", state.text),
        Item::Event { .. } => "…".into(),
    }
}

/// What parts of one layer have changed: two of them must not change the same.
type Layer = HashMap<Key, (Arc<Source>, Range<usize>)>;

/// Reads files and brings them together.
pub(super) struct Loader<'a> {
    pub files: Files<'a>,
    pub findings: &'a mut Findings,
    /// Files read, in order.
    pub read: Vec<PathBuf>,
}

/// Where a file is named, for findings about the file.
type Named<'a> = Option<(&'a Arc<Source>, &'a Word)>;

impl Loader<'_> {
    /// The model at `path` with `parts` over it.
    pub fn load(&mut self, path: &Path, parts: &[PathBuf]) -> Option<Composition> {
        let mut layer = Layer::new();
        let mut model = self.model(path, None, 0, &mut layer)?;
        for part in parts {
            self.part(part, None, &mut model, &mut layer);
        }
        Some(model)
    }

    fn text(&mut self, path: &Path, named: Named) -> Option<Text> {
        let result = (self.files)(path);
        let known = self.read.iter().any(|p| p == path);
        let finding = match result {
            Ok(bytes) => {
                if !known {
                    self.read.push(path.to_path_buf());
                }
                match decode(path, &bytes) {
                    Ok(text) => return Some(text),
                    Err(finding) => *finding,
                }
            }
            Err(error) => {
                let shown = path.display();
                let (message, help) = match error.kind() {
                    std::io::ErrorKind::NotFound => (
                        format!("there is no file `{shown}`"),
                        "paths count from the folder of the file that names them",
                    ),
                    std::io::ErrorKind::IsADirectory => (
                        format!("`{shown}` is a folder"),
                        "name the `.model` file in it",
                    ),
                    _ => (
                        format!("`{shown}` cannot be read: {error}"),
                        "check its permissions",
                    ),
                };
                let finding = Finding::error("unreadable-file", message);
                match named {
                    Some((source, word)) => finding
                        .at(source, word.span.clone(), "named here")
                        .help(help),
                    None => finding.in_file(shown.to_string()),
                }
            }
        };
        self.findings.push(finding);
        None
    }

    fn model(
        &mut self,
        path: &Path,
        named: Named,
        depth: usize,
        layer: &mut Layer,
    ) -> Option<Composition> {
        let text = self.text(path, named)?;
        let File {
            source,
            head,
            statements,
            changes,
        } = read(&text, self.findings);
        let file_name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let (name, description, extends, parts) = match head {
            Some(Head::Model {
                name,
                description,
                extends,
                parts,
            }) => (name.text, description, extends, parts),
            Some(Head::Part { name, base }) => {
                let base = base.map_or("base.model".into(), |b| b.text);
                self.findings.push(
                    Finding::error("not-a-model", format!("`{}` is a part, not a model", name.text))
                        .at(&source, name.span, "a part is laid over a model")
                        .help(format!(
                            "load `{base}` with it, or write `model NAME extends \"{base}\" with \"{file_name}\"`"
                        )),
                );
                return None;
            }
            None => (String::new(), None, None, Vec::new()),
        };
        let description = description.map_or(String::new(), |d| d.text);
        let Some(base) = extends else {
            let mut model = Composition {
                source,
                name,
                description,
                statements: Vec::new(),
                index: HashMap::new(),
                chain: vec![file_name],
            };
            for statement in statements {
                model.push(statement, self.findings);
            }
            return Some(model);
        };
        if depth >= LONGEST_CHAIN {
            self.findings.push(
                Finding::error("cycle", "the models extend one another without end")
                    .at(&source, base.span, "")
                    .help("a base model must not extend what is built on it"),
            );
            return None;
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut model = self.model(
            &folder.join(&base.text),
            Some((&source, &base)),
            depth + 1,
            &mut Layer::new(),
        )?;
        if let Some(part) = parts.get(MOST_PARTS) {
            self.findings.push(
                Finding::error("too-many", format!("more than {MOST_PARTS} parts")).at(
                    &source,
                    part.span.clone(),
                    "",
                ),
            );
        }
        for part in parts.iter().take(MOST_PARTS) {
            self.part(
                &folder.join(&part.text),
                Some((&source, part)),
                &mut model,
                layer,
            );
        }
        for change in changes {
            self.change(change, &mut model, layer);
        }
        model.chain.push(file_name);
        Some(Composition {
            source,
            name,
            description: if description.is_empty() {
                model.description
            } else {
                description
            },
            ..model
        })
    }

    fn part(&mut self, path: &Path, named: Named, model: &mut Composition, layer: &mut Layer) {
        let Some(text) = self.text(path, named) else {
            return;
        };
        let file = read(&text, self.findings);
        match file.head {
            Some(Head::Part {
                base: Some(base), ..
            }) => {
                let wanted = Path::new(&base.text)
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default();
                if !model.chain.contains(&wanted) {
                    let found = model.chain.join("`, `");
                    self.findings.push(
                        Finding::error(
                            "wrong-part",
                            format!("this part is for `{wanted}`, not for `{found}`"),
                        )
                        .at(&file.source, base.span, "")
                        .help("lay it over its own base model, or name this one if it fits"),
                    );
                    return;
                }
            }
            Some(Head::Model { name, .. }) => {
                self.findings.push(
                    Finding::error(
                        "not-a-part",
                        format!("`{}` is a whole model, not a part", name.text),
                    )
                    .at(&file.source, name.span, "")
                    .help("a part begins with `part NAME for \"base.model\"`"),
                );
                return;
            }
            _ => {}
        }
        for change in file
            .changes
            .into_iter()
            .chain(file.statements.into_iter().map(Change::Put))
        {
            self.change(change, model, layer);
        }
    }

    fn change(&mut self, change: Change, model: &mut Composition, layer: &mut Layer) {
        if self.findings.is_full() {
            return;
        }
        match change {
            Change::Add(statement) => model.push(statement, self.findings),
            Change::Replace(statement) => self.replace(statement, true, model, layer),
            Change::Put(statement) => self.replace(statement, false, model, layer),
            Change::Fix {
                source,
                span,
                name,
                value,
                tail,
            } => {
                let key = Key::Name(name.text.clone());
                let Some((_, original)) = model.get(&key) else {
                    self.findings
                        .push(no_original(&source, &name.span, &key, None, model));
                    return;
                };
                let Item::Entity(
                    old @ Entity {
                        role: Role::Param, ..
                    },
                ) = &original.item
                else {
                    let keyword = match &original.item {
                        Item::Entity(e) => e.role.keyword(),
                        _ => "statement",
                    };
                    let help = match keyword {
                        "let" => format!("write `replace let {} = …`", name.text),
                        "input" => "the conditions of an experiment set an input".to_string(),
                        _ => format!("write `replace {keyword} {} = …`", name.text),
                    };
                    self.findings.push(
                        Finding::error(
                            "not-a-param",
                            format!(
                                "`{}` is not a `param` but a `{keyword}`, and cannot be fixed",
                                name.text
                            ),
                        )
                        .at(&source, name.span.clone(), "")
                        .and(&original.source, original.name_span(), "declared here")
                        .help(help),
                    );
                    return;
                };
                let mut entity = Entity {
                    value,
                    name,
                    fixed: Some(Fixed {
                        unit: old.tail.unit.as_ref().map(|u| u.text.clone()),
                    }),
                    ..old.clone()
                };
                entity.tail.unit = tail.unit;
                entity.tail.source = tail.source;
                if tail.description.is_some() {
                    entity.tail.description = tail.description;
                }
                let statement = Statement {
                    source,
                    span,
                    item: Item::Entity(entity),
                };
                self.replace(statement, true, model, layer);
            }
        }
    }

    /// Puts a statement in the place of the one with its key. `must_exist`: else it is an error.
    fn replace(
        &mut self,
        statement: Statement,
        must_exist: bool,
        model: &mut Composition,
        layer: &mut Layer,
    ) {
        let Some(key) = statement.key() else {
            if must_exist {
                self.findings.push(
                    Finding::error("no-original", "an event has no name, so that it cannot be replaced")
                        .at(&statement.source, statement.span.clone(), "")
                        .help("make its time or size a `param` of the base and `fix` that, or `add` another event"),
                );
            } else {
                model.push(statement, self.findings);
            }
            return;
        };
        let Some((i, _)) = model.get(&key) else {
            if must_exist {
                self.findings.push(no_original(
                    &statement.source,
                    &statement.name_span(),
                    &key,
                    Some(&statement),
                    model,
                ));
            }
            // A new name is kept, so that its uses are no further errors.
            if matches!(&statement.item, Item::Entity(_)) && model.elsewhere(key.name()).is_none() {
                model.push(statement, self.findings);
            }
            return;
        };
        let place = (statement.source.clone(), statement.name_span());
        if let Some((source, span)) = layer.get(&key) {
            self.findings.push(
                Finding::error(
                    "part-conflict",
                    format!("`{}` is changed twice", key.shown()),
                )
                .at(&place.0, place.1, "changed here")
                .and(source, span.clone(), "and here")
                .note("the result would depend on the order of the parts")
                .help("use one of them, or write a part that does both"),
            );
            return;
        }
        layer.insert(key.clone(), place);
        let is_state = |s: &Statement| matches!(&s.item, Item::Entity(e) if e.role == Role::State);
        let was_state = model.statements[i].as_ref().is_some_and(is_state);
        if was_state && !is_state(&statement) {
            // What is no state any more has no equation.
            if let Some((rate, _)) = model.get(&Key::Rate(key.name().to_string())) {
                model.statements[rate] = None;
                model.index.remove(&Key::Rate(key.name().to_string()));
            }
        }
        model.statements[i] = Some(statement);
    }
}

fn no_original(
    source: &Arc<Source>,
    span: &Range<usize>,
    key: &Key,
    statement: Option<&Statement>,
    model: &Composition,
) -> Finding {
    let verb = if statement.is_some() {
        "replace"
    } else {
        "fix"
    };
    let finding = Finding::error(
        "no-original",
        format!("the base has no `{}` to {verb}", key.shown()),
    )
    .at(source, span.clone(), "");
    // The same name in another role, then a similar name in the same role.
    if let Some(other) = model.elsewhere(key.name()) {
        let finding = finding.and(&other.source, other.name_span(), "the base has this");
        return if statement.is_some() {
            finding.help(format!("write `replace {} …`", replaceable(other)))
        } else {
            finding
        };
    }
    let like = model
        .index
        .keys()
        .filter(|k| std::mem::discriminant(*k) == std::mem::discriminant(key))
        .map(Key::name);
    match did_you_mean(key.name(), like) {
        Some(help) => finding.help(help),
        None if statement.is_some() => finding.help("`add` declares something new"),
        None => finding.help("`fix` makes a `param` of the base a constant"),
    }
}
