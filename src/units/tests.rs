use super::*;

fn unit(text: &str) -> Unit {
    let mut r = Registry::new();
    r.declare("cell", None).unwrap();
    r.declare("MFI", None).unwrap();
    r.declare("fold", Some("1")).unwrap();
    r.declare("plate", Some("96*cell")).unwrap();
    r.parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn factor(from: &str, to: &str) -> Option<f64> {
    unit(from).factor_to(&unit(to))
}

#[test]
fn factors_between_units_are_exact() {
    assert_eq!(factor("nM*kDa", "ng/mL"), Some(1.0));
    assert_eq!(factor("mol/mL", "nM"), Some(1e12));
    assert_eq!(factor("nM", "pM"), Some(1000.0));
    assert_eq!(factor("1/min", "1/h"), Some(60.0));
    assert_eq!(factor("1/h", "1/day"), Some(24.0));
    assert_eq!(factor("day", "h"), Some(24.0));
    assert_eq!(factor("1", "percent"), Some(100.0));
    assert_eq!(factor("%", "1"), Some(0.01));
    assert_eq!(factor("fold", "1"), Some(1.0));
    assert_eq!(factor("L", "m^3"), Some(1e-3));
    assert_eq!(factor("plate", "cell"), Some(96.0));
    assert_eq!(factor("100*mg", "g"), Some(0.1));
    assert_eq!(factor("J", "N*m"), Some(1.0));
    assert_eq!(factor("ug/mL", "mg/L"), Some(1.0));
}

#[test]
fn different_things_have_no_factor() {
    assert_eq!(factor("nM", "ng/mL"), None);
    assert_eq!(factor("nM", "nm"), None);
    assert_eq!(factor("cell", "MFI"), None);
    assert_eq!(factor("cell", "1"), None);
}

#[test]
fn an_unknown_unit_fits_all() {
    assert_eq!(Unit::unknown().factor_to(&unit("nM")), Some(1.0));
    assert!(unit("nM").mul(&Unit::unknown()).is_unknown());
}

#[test]
fn the_same_unit_is_read_from_every_way_of_writing_it() {
    for (a, b) in [
        ("1/(nM*h)", "1/nM/h"),
        ("1/(nM*h)", "nM^-1*h^-1"),
        ("1/(nM*h)", "nM⁻¹·h⁻¹"),
        ("µg/mL", "ug/mL"),
        ("μg/ml", "ug/mL"),
        ("cm^2", "cm²"),
        ("mg^0.5", "mg^(1/2)"),
        ("fg / (cell * h)", "fg/cell/h"),
        ("hour", "h"),
    ] {
        assert!(unit(a).is_same(&unit(b)), "{a} {b}");
    }
}

#[test]
fn products_are_printed_merged_and_read_back() {
    for (text, printed) in [
        ("1/(nM*h)", "1/(nM*h)"),
        ("nM*h/h", "nM"),
        ("mg/L/h", "mg/(L*h)"),
        ("h^-1", "1/h"),
        ("cm^2*mg^(1/2)", "cm^2*mg^(1/2)"),
        ("1e-3*mg", "0.001*mg"),
        ("µM", "uM"),
        ("%", "percent"),
        ("1", "1"),
        ("h/h", "1"),
    ] {
        assert_eq!(unit(text).to_string(), printed);
        assert!(unit(printed).is_same(&unit(text)));
    }
}

#[test]
fn names_in_another_case_and_habits_are_recognised() {
    let mut r = Registry::new();
    r.declare("cell", None).unwrap();
    for (wrong, right) in [
        ("ML", "mL"),
        ("PM", "pM"),
        ("NM", "nM"),
        ("hr", "h"),
        ("cells", "cell"),
        ("KDa", "kDa"),
        ("mcg", "ug"),
        ("Days", "day"),
        ("Mg", "mg"),
    ] {
        let UnitErrorKind::Unknown { similar, .. } = r.parse(wrong).unwrap_err().kind else {
            panic!("{wrong}")
        };
        assert_eq!(similar, [right], "{wrong}");
    }
}

#[test]
fn wrong_texts_are_refused_with_their_place() {
    let r = Registry::new();
    for (text, span) in [
        ("", 0..0),
        ("nM h", 3..4),
        ("1/(nM*h", 7..7),
        ("h-1", 0..3),
        ("nM/quux", 3..7),
        ("0*mg", 0..1),
        ("mg^2.71828", 3..10),
        ("mg^", 3..3),
        ("-nM", 0..1),
        ("mg^99999", 3..8),
    ] {
        assert_eq!(r.parse(text).unwrap_err().span, span, "{text}");
    }
    assert!(r.parse(&"(".repeat(400)).is_err());
    assert!(r.parse(&"h*".repeat(4000)).is_err());
}

#[test]
fn a_unit_is_declared_once() {
    let mut r = Registry::new();
    r.declare("cell", None).unwrap();
    for name in ["cell", "mL", "h", "1", "5x", "a b"] {
        assert!(r.declare(name, None).is_err(), "{name}");
    }
}

#[test]
fn doses_in_mass_become_moles_only_with_a_molar_mass() {
    let r = Registry::new();
    let (nm, da) = (unit("nM"), unit("kDa"));
    let dose = Dose::parse("5 ng/mL", &r).unwrap();
    assert_eq!(dose.value_in(&nm, Some((10.0, &da))), Ok(0.5));
    assert!(matches!(
        dose.value_in(&nm, None),
        Err(DoseError::MolarMass { .. })
    ));
    let back = Dose::parse("0.5[nM]", &r).unwrap();
    assert_eq!(back.value_in(&unit("ng/mL"), Some((10.0, &da))), Ok(5.0));
    assert_eq!(Dose::parse("1e3", &r).unwrap().value_in(&nm, None), Ok(1e3));
    assert_eq!(Dose::parse("1uM", &r).unwrap().value_in(&nm, None), Ok(1e3));
    assert!(matches!(
        Dose::parse("1h", &r)
            .unwrap()
            .value_in(&nm, Some((1.0, &da))),
        Err(DoseError::Incompatible { .. })
    ));
    assert!(matches!(
        Dose::parse("1e3nM:2", &r),
        Err(DoseError::Unit { .. })
    ));
    assert!(matches!(Dose::parse("nM", &r), Err(DoseError::Number(_))));
}

#[test]
fn a_unit_too_complex_to_compute_with_is_refused() {
    let error = Registry::new().parse("4/g^64.4/g^6426/g^077").unwrap_err();
    assert_eq!(error.kind, UnitErrorKind::TooComplex);
}

#[test]
fn a_unit_whose_number_is_beyond_the_range_of_numbers_is_refused() {
    for text in ["g/.1^310/m", ".1^310*g", "g*1e200*1e200", "5e-324*g"] {
        let error = Registry::new().parse(text).unwrap_err();
        assert_eq!(error.kind, UnitErrorKind::OutOfRange, "{text}");
    }
    // Only the whole counts.
    let unit = Registry::new().parse("1e200*g*1e200/1e200/1e200").unwrap();
    assert_eq!(unit.to_string(), "g");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        if let Ok(u) = Registry::new().parse(&text) {
            let again = Registry::new().parse(&u.to_string()).unwrap();
            proptest::prop_assert!(u.is_same(&again) || !u.factor().is_normal());
        }
    }
    #[test]
    fn products_of_units_are_read_back(text in "[1-9munhgML^*/().-]{1,20}") {
        if let Ok(u) = Registry::new().parse(&text) {
            let again = Registry::new().parse(&u.to_string()).unwrap();
            proptest::prop_assert!(u.is_same(&again) || !u.factor().is_normal(), "{} {}", text, u);
        }
    }
}
