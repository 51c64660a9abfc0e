//! XML to declarations.

use roxmltree::Node;

use super::mathml::MathReader;
use super::raw::{
    Amount, Assigned, Compartment, Event, Parameter, Raw, Reaction, Rule, RuleKind, Species,
    SpeciesReference,
};
use super::units::Units;
use super::xml::{self, Log};
use crate::diagnostic::Finding;
use crate::math::Expr;

/// Reads the declarations below `<sbml>`.
pub(super) fn read(log: &mut Log, root: Node) -> Option<Raw> {
    let (level, version) = header(log, root)?;
    let Some(model) = xml::child(root, "model") else {
        log.error("no-model", &xml::place(root), "the file holds no <model>");
        return None;
    };
    let time = if declares_time(model) {
        super::TIME_BESIDE_A_NAME
    } else {
        "time"
    };
    let units = Units::read(log, model, level);
    let mut reader = Reader {
        math: MathReader::new(time, units),
        log,
        raw: Raw {
            level,
            version,
            id: model.attribute("id").unwrap_or("").trim().to_string(),
            name: model.attribute("name").unwrap_or("").trim().to_string(),
            ..Raw::default()
        },
    };
    reader.model(model);
    let mut raw = reader.raw;
    raw.units = reader.math.units;
    Some(raw)
}

/// Level and version, if they are among those that can be read.
fn header(log: &mut Log, root: Node) -> Option<(u8, u8)> {
    if root.tag_name().name() != "sbml" {
        log.error(
            "not-sbml",
            &xml::place(root),
            format!("<sbml> is expected, found <{}>", root.tag_name().name()),
        );
        return None;
    }
    let read = |name: &str| {
        root.attribute(name)
            .and_then(|v| v.trim().parse::<u8>().ok())
    };
    let found = read("level").zip(read("version"));
    match found {
        Some((2, 1..=5) | (3, 1..=2)) => {}
        _ => {
            let text = |name: &str| root.attribute(name).unwrap_or("?").to_string();
            log.add(
                Finding::error(
                    "unsupported",
                    format!("SBML Level {} Version {} is not read", text("level"), text("version")),
                )
                .help("convert it to Level 3 Version 2 (Level 2 Versions 1 to 5 and Level 3 Versions 1 and 2 are read)"),
                &xml::attribute_place(root, "level"),
            );
            return None;
        }
    }
    let core = root.tag_name().namespace();
    for attribute in root.attributes() {
        let package = attribute.namespace();
        if attribute.name() == "required" && package.is_some() && package != core {
            let name = package
                .and_then(|ns| ns.split('/').rev().nth(1))
                .unwrap_or("?");
            if matches!(attribute.value().trim(), "true" | "1") {
                log.error(
                    "unsupported",
                    &attribute.range(),
                    format!("the SBML package `{name}` changes the mathematics of this model and is not supported"),
                );
            }
        }
    }
    found
}

/// Whether anything is called `time`.
fn declares_time(model: Node) -> bool {
    const DECLARING: [&str; 5] = [
        "compartment",
        "species",
        "parameter",
        "speciesReference",
        "reaction",
    ];
    model.descendants().any(|n| {
        n.is_element()
            && DECLARING.contains(&n.tag_name().name())
            && n.attribute("id").is_some_and(|id| id.trim() == "time")
    })
}

struct Reader<'l, 'a, 'i> {
    log: &'l mut Log,
    math: MathReader<'a, 'i>,
    raw: Raw,
}

impl<'a, 'i> Reader<'_, 'a, 'i> {
    fn model(&mut self, model: Node<'a, 'i>) {
        if let Some(id) = xml::identifier(self.log, model, "conversionFactor") {
            self.raw.conversion_factor =
                Some((id, xml::attribute_place(model, "conversionFactor")));
        }
        let core = model.tag_name().namespace();
        let parts: Vec<Node> = xml::elements(model)
            .filter(|n| n.tag_name().namespace() == core)
            .collect();
        // Functions first: everything else may call them.
        for part in &parts {
            if part.tag_name().name() == "listOfFunctionDefinitions" {
                self.functions(*part);
            }
        }
        for part in parts {
            let name = part.tag_name().name();
            for item in xml::elements(part) {
                if item.tag_name().namespace() != core {
                    continue;
                }
                let kind = item.tag_name().name();
                match (name, kind) {
                    ("notes" | "annotation", _) | (_, "notes" | "annotation") => {}
                    ("listOfFunctionDefinitions" | "listOfUnitDefinitions", _) => {}
                    ("listOfCompartmentTypes" | "listOfSpeciesTypes", _) => {}
                    ("listOfCompartments", "compartment") => self.compartment(item),
                    ("listOfSpecies", "species") => self.species(item),
                    ("listOfParameters", "parameter") => {
                        if let Some(p) = self.parameter(item) {
                            self.raw.parameters.push(p);
                        }
                    }
                    ("listOfInitialAssignments", "initialAssignment") => {
                        if let Some(a) = self.assigned(item, "symbol") {
                            self.raw.initial.push(a);
                        }
                    }
                    ("listOfRules", "assignmentRule") => self.rule(item, RuleKind::Assignment),
                    ("listOfRules", "rateRule") => self.rule(item, RuleKind::Rate),
                    ("listOfRules", "algebraicRule") => self.rule(item, RuleKind::Algebraic),
                    ("listOfReactions", "reaction") => self.reaction(item),
                    ("listOfEvents", "event") => self.event(item),
                    ("listOfConstraints", "constraint") => self.log.warning(
                        "constraint",
                        &xml::place(item),
                        "constraints are not checked during a simulation",
                    ),
                    _ => self.log.error(
                        "unsupported",
                        &xml::place(item),
                        format!("<{kind}> has no meaning here"),
                    ),
                }
            }
        }
        self.math.check_functions(self.log);
    }

    fn functions(&mut self, list: Node<'a, 'i>) {
        for item in xml::elements(list) {
            if item.tag_name().name() != "functionDefinition" {
                continue;
            }
            let Some(id) = xml::required(self.log, item, "id") else {
                continue;
            };
            let math = xml::elements(item).find(|n| n.tag_name().name() == "math");
            // Since Level 3 Version 2 a function may lack its mathematics; calling it is then an error.
            let Some(math) = math else {
                self.log.warning(
                    "no-mathematics",
                    &xml::place(item),
                    format!("the function `{id}` has no mathematics"),
                );
                continue;
            };
            let inner = xml::elements(math).next().map(|n| {
                if n.tag_name().name() == "semantics" {
                    xml::elements(n).next().unwrap_or(n)
                } else {
                    n
                }
            });
            match inner {
                Some(lambda) if lambda.tag_name().name() == "lambda" => {
                    if !self.math.declare(&id, lambda) {
                        self.log.error(
                            "duplicate-id",
                            &xml::attribute_place(item, "id"),
                            format!("the function `{id}` is declared twice"),
                        );
                    }
                }
                _ => self.log.error(
                    "mathml",
                    &xml::place(math),
                    format!("the function `{id}` needs a <lambda>"),
                ),
            }
        }
    }

    /// The expression in the `<math>` child, `None` if there is none.
    fn expression(&mut self, node: Node<'a, 'i>) -> Option<Expr> {
        let math = xml::elements(node).find(|n| n.tag_name().name() == "math")?;
        self.math.read(self.log, math)
    }

    fn assigned(&mut self, node: Node<'a, 'i>, attribute: &str) -> Option<Assigned> {
        let symbol = xml::required(self.log, node, attribute)?;
        let math = self.expression(node);
        if math.is_none() {
            self.no_mathematics(node);
        }
        Some(Assigned {
            symbol,
            place: xml::attribute_place(node, attribute),
            math,
        })
    }

    /// Records that an element lacks its mathematics, unless it has some that is wrong.
    fn no_mathematics(&mut self, node: Node) {
        let is_math = |n: &Node| n.is_element() && n.tag_name().name() == "math";
        if node
            .descendants()
            .any(|n| is_math(&n) && n.first_element_child().is_some())
        {
            return;
        }
        let name = node.tag_name().name();
        if self.raw.level == 3 && self.raw.version >= 2 {
            self.log.warning(
                "no-mathematics",
                &xml::place(node),
                format!("this <{name}> has no mathematics and does nothing"),
            );
        } else {
            self.log.error(
                "no-mathematics",
                &xml::place(node),
                format!("this <{name}> needs <math>"),
            );
        }
    }

    fn name(node: Node) -> String {
        node.attribute("name").unwrap_or("").trim().to_string()
    }

    fn flag(&mut self, node: Node, name: &str, default: bool) -> bool {
        xml::boolean(self.log, node, name).unwrap_or(default)
    }

    fn units(&mut self, node: Node, name: &str) -> Option<String> {
        self.math.units.named(self.log, node, name)
    }

    fn compartment(&mut self, node: Node) {
        let Some(id) = xml::required(self.log, node, "id") else {
            return;
        };
        let size = if node.attribute_node("size").is_none() && node.has_attribute("volume") {
            xml::number(self.log, node, "volume")
        } else {
            xml::number(self.log, node, "size")
        };
        let compartment = Compartment {
            id,
            name: Self::name(node),
            place: xml::attribute_place(node, "id"),
            dimensions: xml::number(self.log, node, "spatialDimensions").unwrap_or(3.0),
            size,
            units: self.units(node, "units"),
            constant: self.flag(node, "constant", true),
        };
        self.raw.compartments.push(compartment);
    }

    fn species(&mut self, node: Node) {
        let id = xml::required(self.log, node, "id");
        let compartment = xml::required(self.log, node, "compartment");
        let (Some(id), Some(compartment)) = (id, compartment) else {
            return;
        };
        let amount = xml::number(self.log, node, "initialAmount").map(Amount::Amount);
        let concentration =
            xml::number(self.log, node, "initialConcentration").map(Amount::Concentration);
        if amount.is_some() && concentration.is_some() {
            self.log.error(
                "two-initial-values",
                &xml::attribute_place(node, "initialConcentration"),
                format!("`{id}` has an initial amount and an initial concentration"),
            );
        }
        let conversion_factor = xml::identifier(self.log, node, "conversionFactor")
            .map(|f| (f, xml::attribute_place(node, "conversionFactor")));
        let species = Species {
            id,
            name: Self::name(node),
            place: xml::attribute_place(node, "id"),
            compartment: (compartment, xml::attribute_place(node, "compartment")),
            initial: amount.or(concentration),
            substance_units: self.units(node, "substanceUnits"),
            spatial_units: self.units(node, "spatialSizeUnits"),
            only_substance: self.flag(node, "hasOnlySubstanceUnits", false),
            boundary: self.flag(node, "boundaryCondition", false),
            constant: self.flag(node, "constant", false),
            conversion_factor,
        };
        self.raw.species.push(species);
    }

    fn parameter(&mut self, node: Node) -> Option<Parameter> {
        let id = xml::required(self.log, node, "id")?;
        Some(Parameter {
            id,
            name: Self::name(node),
            place: xml::attribute_place(node, "id"),
            value: xml::number(self.log, node, "value"),
            units: self.units(node, "units"),
            constant: self.flag(node, "constant", true),
        })
    }

    fn rule(&mut self, node: Node<'a, 'i>, kind: RuleKind) {
        let variable = if kind == RuleKind::Algebraic {
            String::new()
        } else {
            match xml::required(self.log, node, "variable") {
                Some(v) => v,
                None => return,
            }
        };
        let math = self.expression(node);
        if math.is_none() {
            self.no_mathematics(node);
        }
        self.raw.rules.push(Rule {
            kind,
            variable,
            place: xml::attribute_place(node, "variable"),
            math,
        });
    }

    fn reaction(&mut self, node: Node<'a, 'i>) {
        let Some(id) = xml::required(self.log, node, "id") else {
            return;
        };
        let mut reaction = Reaction {
            id,
            name: Self::name(node),
            place: xml::attribute_place(node, "id"),
            // Level 3 Version 2 has no fast reactions.
            fast: self.flag(node, "fast", false) && (self.raw.level, self.raw.version) != (3, 2),
            own_units: false,
            reactants: Vec::new(),
            products: Vec::new(),
            modifiers: Vec::new(),
            rate: None,
            locals: Vec::new(),
        };
        for part in xml::elements(node) {
            match part.tag_name().name() {
                "listOfReactants" => reaction.reactants = self.references(part),
                "listOfProducts" => reaction.products = self.references(part),
                "listOfModifiers" => {
                    for item in xml::elements(part) {
                        if item.tag_name().name() == "modifierSpeciesReference"
                            && let Some(s) = xml::required(self.log, item, "species")
                        {
                            let place = xml::attribute_place(item, "species");
                            reaction.modifiers.push((s, place));
                        }
                    }
                }
                "kineticLaw" => {
                    let own = |name: &str| part.has_attribute(name);
                    reaction.own_units = own("timeUnits") || own("substanceUnits");
                    reaction.rate = self.expression(part);
                    if reaction.rate.is_none() {
                        self.no_mathematics(part);
                    }
                    for list in xml::elements(part) {
                        if matches!(
                            list.tag_name().name(),
                            "listOfParameters" | "listOfLocalParameters"
                        ) {
                            for item in xml::elements(list) {
                                if matches!(item.tag_name().name(), "parameter" | "localParameter")
                                    && let Some(p) = self.parameter(item)
                                {
                                    reaction.locals.push(p);
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        self.raw.reactions.push(reaction);
    }

    fn references(&mut self, list: Node<'a, 'i>) -> Vec<SpeciesReference> {
        let mut references = Vec::new();
        for item in xml::elements(list) {
            if item.tag_name().name() != "speciesReference" {
                continue;
            }
            let Some(species) = xml::required(self.log, item, "species") else {
                continue;
            };
            let math = xml::child(item, "stoichiometryMath").and_then(|m| self.expression(m));
            let denominator = xml::number(self.log, item, "denominator").unwrap_or(1.0);
            // Level 2 has a default, Level 3 has none.
            let default = (self.raw.level == 2).then_some(1.0);
            references.push(SpeciesReference {
                id: xml::identifier(self.log, item, "id"),
                species,
                place: xml::attribute_place(item, "species"),
                stoichiometry: xml::number(self.log, item, "stoichiometry")
                    .or(default)
                    .map(|s| s / denominator),
                math,
                constant: self.flag(item, "constant", self.raw.level == 2),
            });
        }
        references
    }

    fn event(&mut self, node: Node<'a, 'i>) {
        let mut event = Event {
            id: xml::identifier(self.log, node, "id"),
            place: xml::place(node),
            trigger: None,
            initial_value: true,
            persistent: true,
            delay: None,
            priority: None,
            values_from_trigger_time: self.flag(node, "useValuesFromTriggerTime", true),
            assignments: Vec::new(),
        };
        for part in xml::elements(node) {
            match part.tag_name().name() {
                "trigger" => {
                    event.trigger = self.expression(part);
                    event.initial_value = self.flag(part, "initialValue", true);
                    event.persistent = self.flag(part, "persistent", true);
                }
                "delay" => event.delay = self.expression(part),
                "priority" => event.priority = self.expression(part),
                "listOfEventAssignments" => {
                    for item in xml::elements(part) {
                        if item.tag_name().name() == "eventAssignment"
                            && let Some(a) = self.assigned(item, "variable")
                        {
                            event.assignments.push(a);
                        }
                    }
                }
                _ => {}
            }
        }
        if event.trigger.is_none() {
            self.no_mathematics(xml::child(node, "trigger").unwrap_or(node));
        }
        self.raw.events.push(event);
    }
}
