//! The units that every file knows.

use super::scale::Scale;
use super::{Dimension, Ratio, Unit};

/// Which prefixes a unit takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefixes {
    None,
    /// From y to Y.
    All,
    /// Up to k: `Mg` or `ML` is far more often a slip of the shift key than a tonne or a megalitre.
    UpToKilo,
    /// Below 1: `PM` is a slip for `pM`.
    BelowOne,
    /// From k on.
    Above,
}

/// SI prefixes; `u` stands for µ.
const PREFIXES: [(&str, i32); 20] = [
    ("da", 1),
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
];

/// Base units, in the order of the exponents below.
const BASES: [&str; 8] = ["m", "kg", "s", "A", "K", "mol", "cd", "item"];

struct Row(&'static str, Prefixes, [i8; 8], u32, i32);

use Prefixes::{Above, All, BelowOne, None as Plain, UpToKilo};

/// Name, prefixes, exponents over [`BASES`], and the scale `number × 10^decade`.
/// Values: SI Brochure, 9th edition (2019), tables 2, 4 and 8; the dalton is taken as g/mol, a molar mass.
#[rustfmt::skip]
const UNITS: [Row; 75] = [
    Row("1", Plain, [0; 8], 1, 0),
    Row("dimensionless", Plain, [0; 8], 1, 0),
    Row("percent", Plain, [0; 8], 1, -2),
    Row("%", Plain, [0; 8], 1, -2),
    Row("rad", All, [0; 8], 1, 0),
    Row("radian", Plain, [0; 8], 1, 0),
    Row("sr", Plain, [0; 8], 1, 0),
    Row("steradian", Plain, [0; 8], 1, 0),
    Row("m", All, [1, 0, 0, 0, 0, 0, 0, 0], 1, 0),
    Row("metre", Plain, [1, 0, 0, 0, 0, 0, 0, 0], 1, 0),
    Row("meter", Plain, [1, 0, 0, 0, 0, 0, 0, 0], 1, 0),
    Row("g", UpToKilo, [0, 1, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("gram", Plain, [0, 1, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("kilogram", Plain, [0, 1, 0, 0, 0, 0, 0, 0], 1, 0),
    Row("s", All, [0, 0, 1, 0, 0, 0, 0, 0], 1, 0),
    Row("second", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 1, 0),
    Row("min", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 6, 1),
    Row("minute", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 6, 1),
    Row("h", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 36, 2),
    Row("hour", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 36, 2),
    Row("d", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 864, 2),
    Row("day", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 864, 2),
    Row("week", Plain, [0, 0, 1, 0, 0, 0, 0, 0], 6048, 2),
    Row("A", All, [0, 0, 0, 1, 0, 0, 0, 0], 1, 0),
    Row("ampere", Plain, [0, 0, 0, 1, 0, 0, 0, 0], 1, 0),
    Row("K", All, [0, 0, 0, 0, 1, 0, 0, 0], 1, 0),
    Row("kelvin", Plain, [0, 0, 0, 0, 1, 0, 0, 0], 1, 0),
    Row("mol", UpToKilo, [0, 0, 0, 0, 0, 1, 0, 0], 1, 0),
    Row("mole", Plain, [0, 0, 0, 0, 0, 1, 0, 0], 1, 0),
    Row("cd", All, [0, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("candela", Plain, [0, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("item", Plain, [0, 0, 0, 0, 0, 0, 0, 1], 1, 0),
    Row("L", UpToKilo, [3, 0, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("l", UpToKilo, [3, 0, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("litre", Plain, [3, 0, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("liter", Plain, [3, 0, 0, 0, 0, 0, 0, 0], 1, -3),
    Row("M", BelowOne, [-3, 0, 0, 0, 0, 1, 0, 0], 1, 3),
    Row("Da", Above, [0, 1, 0, 0, 0, -1, 0, 0], 1, -3),
    Row("Hz", All, [0, 0, -1, 0, 0, 0, 0, 0], 1, 0),
    Row("hertz", Plain, [0, 0, -1, 0, 0, 0, 0, 0], 1, 0),
    Row("N", All, [1, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("newton", Plain, [1, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("Pa", All, [-1, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("pascal", Plain, [-1, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("J", All, [2, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("joule", Plain, [2, 1, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("W", All, [2, 1, -3, 0, 0, 0, 0, 0], 1, 0),
    Row("watt", Plain, [2, 1, -3, 0, 0, 0, 0, 0], 1, 0),
    Row("C", All, [0, 0, 1, 1, 0, 0, 0, 0], 1, 0),
    Row("coulomb", Plain, [0, 0, 1, 1, 0, 0, 0, 0], 1, 0),
    Row("V", All, [2, 1, -3, -1, 0, 0, 0, 0], 1, 0),
    Row("volt", Plain, [2, 1, -3, -1, 0, 0, 0, 0], 1, 0),
    Row("F", All, [-2, -1, 4, 2, 0, 0, 0, 0], 1, 0),
    Row("farad", Plain, [-2, -1, 4, 2, 0, 0, 0, 0], 1, 0),
    Row("ohm", All, [2, 1, -3, -2, 0, 0, 0, 0], 1, 0),
    Row("S", All, [-2, -1, 3, 2, 0, 0, 0, 0], 1, 0),
    Row("siemens", Plain, [-2, -1, 3, 2, 0, 0, 0, 0], 1, 0),
    Row("Wb", All, [2, 1, -2, -1, 0, 0, 0, 0], 1, 0),
    Row("weber", Plain, [2, 1, -2, -1, 0, 0, 0, 0], 1, 0),
    Row("T", All, [0, 1, -2, -1, 0, 0, 0, 0], 1, 0),
    Row("tesla", Plain, [0, 1, -2, -1, 0, 0, 0, 0], 1, 0),
    Row("H", All, [2, 1, -2, -2, 0, 0, 0, 0], 1, 0),
    Row("henry", Plain, [2, 1, -2, -2, 0, 0, 0, 0], 1, 0),
    Row("lm", All, [0, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("lumen", Plain, [0, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("lx", All, [-2, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("lux", Plain, [-2, 0, 0, 0, 0, 0, 1, 0], 1, 0),
    Row("Bq", All, [0, 0, -1, 0, 0, 0, 0, 0], 1, 0),
    Row("becquerel", Plain, [0, 0, -1, 0, 0, 0, 0, 0], 1, 0),
    Row("Gy", All, [2, 0, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("gray", Plain, [2, 0, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("Sv", All, [2, 0, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("sievert", Plain, [2, 0, -2, 0, 0, 0, 0, 0], 1, 0),
    Row("kat", All, [0, 0, -1, 0, 0, 1, 0, 0], 1, 0),
    Row("katal", Plain, [0, 0, -1, 0, 0, 1, 0, 0], 1, 0),
];

/// What people write instead of a symbol, in lower case, and the symbol.
const HABITS: [(&str, &str); 38] = [
    ("hr", "h"),
    ("hrs", "h"),
    ("hours", "h"),
    ("minutes", "min"),
    ("mins", "min"),
    ("sec", "s"),
    ("secs", "s"),
    ("seconds", "s"),
    ("days", "day"),
    ("weeks", "week"),
    ("wk", "week"),
    ("mcg", "ug"),
    ("cc", "mL"),
    ("gm", "g"),
    ("grams", "g"),
    ("moles", "mol"),
    ("mols", "mol"),
    ("molar", "M"),
    ("nanomolar", "nM"),
    ("micromolar", "uM"),
    ("picomolar", "pM"),
    ("millimolar", "mM"),
    ("litres", "L"),
    ("liters", "L"),
    ("lt", "L"),
    ("dalton", "Da"),
    ("daltons", "Da"),
    ("kd", "kDa"),
    ("unitless", "1"),
    ("none", "1"),
    ("na", "1"),
    ("ratio", "1"),
    ("fraction", "1"),
    ("number", "1"),
    ("pct", "percent"),
    ("perc", "percent"),
    ("micrograms", "ug"),
    ("milligrams", "mg"),
];

fn unit(name: &str, row: &Row, decade: i32) -> Unit {
    let mut dimension = Dimension::default();
    for (base, e) in BASES.iter().zip(row.2) {
        let exponent = Ratio::new(i64::from(e), 1).unwrap_or(Ratio::ZERO);
        if let Some(d) = dimension.times(&Dimension::base(base), exponent) {
            dimension = d;
        }
    }
    Unit::named(name, dimension, Scale::whole(row.3, row.4 + decade))
}

/// The built-in unit of a name, prefix included; `µ` is written `u`.
pub(super) fn find(name: &str) -> Option<Unit> {
    if let Some(row) = UNITS.iter().find(|r| r.0 == name) {
        return Some(match row.0 {
            "1" | "dimensionless" => Unit::one(),
            "%" => unit("percent", row, 0),
            _ => unit(name, row, 0),
        });
    }
    PREFIXES.iter().find_map(|(prefix, decade)| {
        let rest = name.strip_prefix(prefix)?;
        let row = UNITS.iter().find(|r| r.0 == rest)?;
        let takes = match row.1 {
            Prefixes::None => false,
            Prefixes::All => true,
            Prefixes::UpToKilo => *decade <= 3,
            Prefixes::BelowOne => *decade < 0,
            Prefixes::Above => *decade >= 3,
        };
        takes.then(|| unit(name, row, *decade))
    })
}

/// Known symbols that an unknown `name` may stand for: another case of letters, or a habit.
pub(super) fn meant(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some((_, symbol)) = HABITS.iter().find(|(h, _)| *h == lower) {
        return Some((*symbol).into());
    }
    // Another case: the fewest letters changed is the likeliest slip.
    let changed = |s: &str| s.chars().zip(name.chars()).filter(|(a, b)| a != b).count();
    let symbols = || UNITS.iter().map(|r| r.0);
    symbols()
        .map(String::from)
        .chain(
            PREFIXES
                .iter()
                .flat_map(|(p, _)| symbols().map(move |s| format!("{p}{s}"))),
        )
        .filter(|s| s.to_lowercase() == lower && find(s).is_some())
        .min_by_key(|s| changed(s))
}

/// Names without prefix, and the prefixed ones that pharmacology writes most, for "did you mean".
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    const COMMON: [&str; 22] = [
        "nM", "uM", "mM", "pM", "fM", "mL", "uL", "dL", "mg", "ug", "ng", "pg", "fg", "kg", "nmol",
        "umol", "pmol", "mmol", "kDa", "cm", "mm", "ms",
    ];
    UNITS.iter().map(|r| r.0).chain(COMMON)
}
