//! A problem from its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_saphyr::Spanned;

use super::findings::Findings;
use super::manifest::{self, Extension, Manifest, Names};
use super::places::{Places, Table};
use super::read::{self, Format};
use super::sheet::Sheet;
use super::{ModelFile, Problem, check, raise, text};
use crate::diagnostic::{Finding, Source};

/// The extension of PEtab that this program reads.
const EXTENSION: &str = "mechfit";
/// Names that the extension's files have if the YAML does not list them.
const DEFAULT_FILES: [&str; 4] = ["relations.tsv", "variants.tsv", "claims.tsv", "doses.tsv"];

/// A problem with what was found on the way and where its cells stand.
#[derive(Debug, Clone)]
pub struct LoadedProblem {
    /// The problem.
    pub problem: Problem,
    /// Warnings.
    pub findings: Vec<Finding>,
    /// Files of its tables, for findings of floors above.
    pub places: Places,
}

/// Reads a problem: a YAML file, or a folder that holds exactly one YAML with PEtab's keys. PEtab versions 1 and 2; the
/// result is always in the terms of version 2.
///
/// Models are not read, only named. Places in [`LoadedProblem::places`] are rows and columns of the tables.
///
/// # Errors
/// Every finding of every file, with the cell and a remedy, if one of them is an error.
///
/// # Example
/// ```
/// let folder = std::env::temp_dir().join("mechfit-doc-load");
/// std::fs::create_dir_all(&folder)?;
/// for (name, text) in [
///     ("problem.yaml", "format_version: 2.0.0\nmodel_files: {m: {location: m.xml, language: sbml}}\n\
///                       parameter_files: [p.tsv]\nobservable_files: [o.tsv]\nmeasurement_files: [m.tsv]\n"),
///     ("m.xml", "<sbml/>"),
///     ("p.tsv", "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0\t10\t1\ttrue\n"),
///     ("o.tsv", "observableId\tobservableFormula\tnoiseFormula\ny\tk\t1\n"),
///     ("m.tsv", "observableId\texperimentId\ttime\tmeasurement\ny\t\t0\t1,5\n"),
/// ] {
///     std::fs::write(folder.join(name), text)?;
/// }
/// let findings = mechfit::problem::load(&folder).unwrap_err();
/// assert_eq!(findings[0].code, "decimal-comma");
/// assert_eq!(findings[0].place().1, Some((2, 6)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn load(target: &Path) -> Result<LoadedProblem, Vec<Finding>> {
    let path = locate(target).map_err(|finding| vec![*finding])?;
    let mut loader = Loader {
        findings: Findings::default(),
        places: Places::default(),
        folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        problem: Problem {
            id: id_of(&path),
            path: path.clone(),
            ..Problem::default()
        },
        unread: Vec::new(),
    };
    let source = text::read(&path, &mut loader.findings);
    if let Some(source) = source {
        loader.problem.files.push(path);
        loader.manifest(&source);
    }
    let Loader {
        findings,
        places,
        problem,
        ..
    } = loader;
    let failed = findings.has_errors();
    let findings = findings.finish();
    if failed {
        return Err(findings);
    }
    Ok(LoadedProblem {
        problem,
        findings,
        places,
    })
}

/// The YAML file of a target: the file itself, or the only one with PEtab's keys in a folder.
///
/// # Errors
/// There is no such file, or none or several in the folder.
pub fn locate(target: &Path) -> Result<PathBuf, Box<Finding>> {
    let shown = target.display().to_string();
    if !target.exists() {
        let finding = Finding::error("missing-file", format!("there is no `{shown}`"));
        return Err(Box::new(finding.in_file(shown)));
    }
    if !target.is_dir() {
        return Ok(target.to_path_buf());
    }
    let mut found: Vec<PathBuf> = Vec::new();
    let mut broken: Vec<PathBuf> = Vec::new();
    if let Ok(entries) = std::fs::read_dir(target) {
        for entry in entries.flatten() {
            let path = entry.path();
            let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if !yaml {
                continue;
            }
            let mut ignored = Findings::default();
            match text::read(&path, &mut ignored).map(|t| manifest::is_problem(&t.text)) {
                Some(Some(true)) => found.push(path),
                Some(Some(false)) => {}
                // Shown with its errors if there is no other.
                Some(None) | None => broken.push(path),
            }
        }
    }
    found.sort();
    if let ([], [only]) = (found.as_slice(), broken.as_slice()) {
        return Ok(only.clone());
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Box::new(
            Finding::error(
                "no-problem",
                format!("the folder `{shown}` holds no problem"),
            )
            .in_file(shown)
            .note("a problem is a YAML file with `format_version` and the keys of PEtab")
            .help("name the folder of a study or the YAML file itself; `mechfit new` makes one"),
        )),
        several => {
            let names: Vec<String> = several.iter().map(|p| p.display().to_string()).collect();
            Err(Box::new(
                Finding::error(
                    "several-problems",
                    format!("the folder `{shown}` holds {} problems", several.len()),
                )
                .in_file(shown)
                .help(format!("name one of `{}`", names.join("`, `"))),
            ))
        }
    }
}

/// The file's stem; the folder's name where the file is called after what it is.
fn id_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if !matches!(&*stem, "problem" | "petab") {
        return stem.trim_start_matches('_').to_string();
    }
    let folder = path.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::parent);
    match folder.and_then(Path::file_name) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => stem.into_owned(),
    }
}

pub(super) struct Loader {
    pub findings: Findings,
    pub places: Places,
    pub folder: PathBuf,
    pub problem: Problem,
    /// Tables of which a file could not be read: what refers to them is not known to be wrong.
    pub unread: Vec<Table>,
}

impl Loader {
    fn manifest(&mut self, source: &Arc<Source>) {
        let Some(manifest) = manifest::read(source, &mut self.findings) else {
            return;
        };
        let Some(version) = self.version(&manifest, source) else {
            return;
        };
        self.problem.petab_version = version;
        if let Some(id) = &manifest.problem_id {
            self.problem.id = id.value.clone();
        }
        let extension = self.extensions(&manifest, source);
        let format = Format {
            version,
            extended: extension.is_some(),
        };
        if version == 1 {
            raise::problem(self, &manifest, source, format);
        } else {
            self.version_2(&manifest, source, format);
        }
        if let Some(extension) = &extension {
            self.extension_tables(extension, source);
        }
        check::problem(
            &self.problem,
            &self.places,
            &self.unread,
            &mut self.findings,
        );
    }

    fn version(&mut self, manifest: &Manifest, source: &Arc<Source>) -> Option<u32> {
        let Some(version) = &manifest.format_version else {
            self.findings.push(
                Finding::error("missing-key", "the YAML has no `format_version`")
                    .in_file(source.path.clone())
                    .help("write `format_version: 2.0.0`"),
            );
            return None;
        };
        match version.value.split('.').next() {
            Some("1") => Some(1),
            Some("2") => Some(2),
            _ => {
                let at = manifest::offset(source, version.referenced);
                self.findings.push(
                    Finding::error(
                        "unknown-version",
                        format!("version `{}` of PEtab is not known", version.value),
                    )
                    .at(source, at..at + version.value.len(), "")
                    .help("versions 1 and 2 are read"),
                );
                None
            }
        }
    }

    /// The extension that is read; unknown ones that are required are refused.
    fn extensions<'m>(
        &mut self,
        manifest: &'m Manifest,
        source: &Arc<Source>,
    ) -> Option<&'m Extension> {
        let mut found = None;
        for (name, extension) in manifest.extensions.iter().flatten() {
            if name == EXTENSION {
                found = Some(&extension.value);
                continue;
            }
            let at = manifest::offset(source, extension.referenced);
            let required = extension.value.required.unwrap_or(false);
            self.findings.push(if required {
                Finding::error(
                    "unknown-extension",
                    format!("the problem needs the extension `{name}`, which is not known"),
                )
                .at(source, at..at, "")
                .help("without it the problem would be another one; only `mechfit` is read")
            } else {
                Finding::warning(
                    "unknown-extension",
                    format!("the extension `{name}` is not known and read over"),
                )
                .at(source, at..at, "")
            });
        }
        found
    }

    fn version_2(&mut self, manifest: &Manifest, source: &Arc<Source>, format: Format) {
        for (id, entry) in manifest.model_files.iter().flatten() {
            let language = match entry.language.value.as_str() {
                "sbml" => "sbml",
                "mechfit" => "mechfit",
                other => {
                    let at = manifest::offset(source, entry.language.referenced);
                    self.findings.push(
                        Finding::error(
                            "unknown-language",
                            format!("models in the language `{other}` are not read"),
                        )
                        .at(source, at..at + other.len(), "")
                        .help("`sbml` and `mechfit` are"),
                    );
                    continue;
                }
            };
            let path = self.existing(source, &entry.location);
            let parts = match &entry.parts {
                Some(names) => names.0.iter().map(|n| self.existing(source, n)).collect(),
                None => Vec::new(),
            };
            self.problem.models.push(ModelFile {
                id: id.clone(),
                path,
                language: language.into(),
                parts,
            });
        }
        self.needed(
            "model_files",
            manifest.model_files.as_ref().is_some_and(|m| !m.is_empty()),
            source,
        );
        let some = |names: &Option<Names>| names.as_ref().is_some_and(|n| !n.0.is_empty());
        self.needed("parameter_files", some(&manifest.parameter_files), source);
        self.needed("observable_files", some(&manifest.observable_files), source);
        self.needed(
            "measurement_files",
            some(&manifest.measurement_files),
            source,
        );
        for sheet in self.sheets(Table::Parameters, &manifest.parameter_files, source) {
            let rows = read::parameters(&sheet, format, &mut self.findings);
            self.problem.parameters.extend(rows);
            self.places.push(sheet);
        }
        for sheet in self.sheets(Table::Conditions, &manifest.condition_files, source) {
            read::conditions(
                &sheet,
                format,
                &mut self.problem.conditions,
                &mut self.findings,
            );
            self.places.push(sheet);
        }
        for sheet in self.sheets(Table::Experiments, &manifest.experiment_files, source) {
            read::experiments(&sheet, &mut self.problem.experiments, &mut self.findings);
            self.places.push(sheet);
        }
        for sheet in self.sheets(Table::Observables, &manifest.observable_files, source) {
            let rows = read::observables(&sheet, format, &mut self.findings);
            self.problem.observables.extend(rows);
            self.places.push(sheet);
        }
        for sheet in self.sheets(Table::Measurements, &manifest.measurement_files, source) {
            let rows = read::measurements(&sheet, format, &mut self.findings);
            self.problem.measurements.extend(rows);
            self.places.push(sheet);
        }
        for sheet in self.sheets(Table::Mapping, &manifest.mapping_files, source) {
            let rows = read::mapping(&sheet, &mut self.findings);
            self.problem.mapping.extend(rows);
            self.places.push(sheet);
        }
    }

    fn extension_tables(&mut self, extension: &Extension, source: &Arc<Source>) {
        let lists = [
            (Table::Relations, &extension.relation_files),
            (Table::Variants, &extension.variant_files),
            (Table::Claims, &extension.claim_files),
            (Table::Doses, &extension.dose_files),
        ];
        for ((table, names), default) in lists.into_iter().zip(DEFAULT_FILES) {
            let sheets = match names {
                Some(_) => self.sheets(table, names, source),
                None if self.folder.join(default).is_file() => {
                    let path = self.folder.join(default);
                    self.sheet(table, &path).into_iter().collect()
                }
                None => Vec::new(),
            };
            for sheet in sheets {
                let found = &mut self.findings;
                match table {
                    Table::Relations => {
                        let rows = read::relations(&sheet, found);
                        self.problem.relations.extend(rows);
                    }
                    Table::Variants => {
                        let rows = read::variants(&sheet, &self.folder, found);
                        self.problem.variants.extend(rows);
                    }
                    Table::Claims => {
                        let rows = read::claims(&sheet, found);
                        self.problem.claims.extend(rows);
                    }
                    _ => super::doses::compile(&sheet, &mut self.problem, found),
                }
                self.places.push(sheet);
            }
        }
    }

    /// Reports a list of files that is missing from the YAML.
    pub fn needed(&mut self, key: &'static str, given: bool, source: &Arc<Source>) {
        if !given {
            self.findings.push(
                Finding::error("missing-key", format!("the YAML lists no `{key}`"))
                    .in_file(source.path.clone())
                    .help(format!("add `{key}` with the names of the files")),
            );
        }
    }

    /// Path of a file that the YAML names; reported if it does not exist.
    pub fn existing(&mut self, source: &Arc<Source>, name: &Spanned<String>) -> PathBuf {
        let path = self.folder.join(&name.value);
        if name.value.contains("://") {
            let at = manifest::offset(source, name.referenced);
            self.findings.push(
                Finding::error("remote-file", format!("`{}` is not fetched", name.value))
                    .at(source, at..at + name.value.len(), "")
                    .help("fetch it and name the local file"),
            );
        } else if !path.is_file() {
            let at = manifest::offset(source, name.referenced);
            let shown = format!("there is no file `{}`", path.display());
            self.findings.push(
                Finding::error("missing-file", shown)
                    .at(source, at..at + name.value.len(), "named here")
                    .help(text::neighbours(&path)),
            );
        }
        path
    }

    /// The tables of a list of files that could be read.
    pub fn sheets(
        &mut self,
        table: Table,
        names: &Option<Names>,
        source: &Arc<Source>,
    ) -> Vec<Sheet> {
        let mut list: Vec<Sheet> = Vec::new();
        for name in names.iter().flat_map(|n| &n.0) {
            let path = self.existing(source, name);
            if !path.is_file() {
                self.unread.push(table);
                continue;
            }
            if let Some(mut sheet) = self.sheet(table, &path) {
                if let Some(before) = list.last() {
                    sheet.offset = before.offset + before.lines();
                }
                list.push(sheet);
            }
        }
        list
    }

    fn sheet(&mut self, table: Table, path: &Path) -> Option<Sheet> {
        let offset = self.places.offset(table);
        let text = text::read(path, &mut self.findings);
        if text.is_some() {
            self.problem.files.push(path.to_path_buf());
        }
        let sheet = text.and_then(|t| Sheet::read(table, &t, offset, &mut self.findings));
        if sheet.is_none() {
            self.unread.push(table);
        }
        sheet
    }
}
