//! Axes: a scale, a range that holds the data, and ticks at round numbers.

use super::super::number::{Style, fixed, superscript};

/// How values map to places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Linear.
    #[default]
    Linear,
    /// Decadic logarithm.
    Log,
    /// log(x/(1−x)).
    Logit,
    /// Names at 0, 1, 2, …
    Names,
}

/// An axis. Places are on the transformed scale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// Scale.
    pub scale: Scale,
    /// Place of the lower end.
    pub from: f64,
    /// Place of the upper end.
    pub to: f64,
    /// Places and labels of ticks.
    pub ticks: Vec<(f64, String)>,
    /// Places of ticks without label.
    pub minor: Vec<f64>,
}

/// Share of the range that is left free at each end.
const MARGIN: f64 = 0.05;
/// Ends that an axis shows at most: beyond, differences vanish in a double's digits or overflow.
const LARGEST: f64 = 1e100;
/// Smallest value on a logarithmic axis.
const SMALLEST: f64 = 1e-100;
/// Decades up to which each has a label.
const DECADES: f64 = 7.0;

impl Axis {
    /// An axis of the given scale over all finite values; `ticks` about as many as asked for.
    pub fn over(
        label: impl Into<String>,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
        ticks: usize,
    ) -> Self {
        let label = label.into();
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for place in values.into_iter().filter_map(|v| place(scale, v)) {
            from = from.min(place);
            to = to.max(place);
        }
        if from > to {
            (from, to) = if scale == Scale::Logit {
                (-1.0, 1.0)
            } else {
                (0.0, 1.0)
            };
        }
        if to - from <= 1e-9 * to.abs().max(from.abs()) {
            let half = if to == 0.0 || scale != Scale::Linear {
                0.5
            } else {
                0.1 * to.abs()
            };
            (from, to) = (from - half, to + half);
        }
        let margin = MARGIN * (to - from);
        Self::between(label, scale, from - margin, to + margin, ticks)
    }
    /// The same, with 0 as the lower end of a linear axis whose values are not negative.
    pub fn from_zero(
        label: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        ticks: usize,
    ) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        if values.iter().any(|v| *v < 0.0) {
            return Self::over(label, Scale::Linear, values, ticks);
        }
        let to = values
            .into_iter()
            .filter_map(|v| place(Scale::Linear, v))
            .fold(0.0, f64::max);
        let to = if to > 0.0 { to * (1.0 + MARGIN) } else { 1.0 };
        Self::between(label.into(), Scale::Linear, 0.0, to, ticks)
    }
    /// The same with ticks at whole numbers only, for counts.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.ticks
            .retain(|(p, _)| (p - libm::round(*p)).abs() < 1e-9);
        for (p, text) in &mut self.ticks {
            *text = fixed(*p, 0, Style::Typeset);
        }
        self
    }
    /// An axis of names.
    pub fn names(label: impl Into<String>, names: impl IntoIterator<Item = String>) -> Self {
        let ticks: Vec<(f64, String)> = names
            .into_iter()
            .enumerate()
            .map(|(i, n)| (i as f64, n))
            .collect();
        Self {
            label: label.into(),
            scale: Scale::Names,
            from: -0.5,
            to: ticks.len().max(1) as f64 - 0.5,
            ticks,
            minor: Vec::new(),
        }
    }
    /// An axis with the given ends on the transformed scale.
    pub fn between(label: String, scale: Scale, from: f64, to: f64, ticks: usize) -> Self {
        let (ticks, minor) = match scale {
            Scale::Log => log_ticks(from, to, ticks),
            Scale::Logit => logit_ticks(from, to),
            _ => (linear_ticks(from, to, ticks), Vec::new()),
        };
        Self {
            label,
            scale,
            from,
            to,
            ticks,
            minor,
        }
    }
    /// Place of a value, `None` where the scale has none (a log of 0).
    pub fn place(&self, value: f64) -> Option<f64> {
        place(self.scale, value)
    }
    /// Place of a value, moved to the nearer end if it lies outside.
    pub fn clamped(&self, value: f64) -> Option<f64> {
        if self.scale == Scale::Log && value <= 0.0 {
            return Some(self.from);
        }
        self.place(value).map(|p| p.clamp(self.from, self.to))
    }
    /// Whether a value lies within the axis.
    pub fn holds(&self, value: f64) -> bool {
        self.place(value)
            .is_some_and(|p| p >= self.from && p <= self.to)
    }
}

/// Place of a value on a scale.
pub fn place(scale: Scale, v: f64) -> Option<f64> {
    let p = match scale {
        Scale::Linear | Scale::Names => v,
        Scale::Log if v >= SMALLEST => libm::log10(v),
        Scale::Logit if v > 0.0 && v < 1.0 => libm::log(v / (1.0 - v)),
        _ => return None,
    };
    (p.abs() <= LARGEST).then_some(p)
}

/// Step of 1, 2 or 5 times a power of ten that gives about `count` ticks over `span` (Heckbert, "Nice numbers for
/// graph labels", Graphics Gems, 1990).
fn nice_step(span: f64, count: usize) -> f64 {
    let raw = span / count.max(1) as f64;
    let power = libm::pow(10.0, libm::floor(libm::log10(raw)));
    let m = raw / power;
    let nice = if m < 1.5 {
        1.0
    } else if m < 3.5 {
        2.0
    } else if m < 7.5 {
        5.0
    } else {
        10.0
    };
    nice * power
}

fn linear_ticks(from: f64, to: f64, count: usize) -> Vec<(f64, String)> {
    let span = to - from;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let step = nice_step(span, count);
    let decimals = -(libm::floor(libm::log10(step) + 1e-9) as i32);
    let first = libm::ceil(from / step - 1e-9);
    let last = libm::floor(to / step + 1e-9);
    // The step is at least a fifteenth of the span a tick; a bound all the same, so that no rounding can run away.
    let n = (last - first).clamp(-1.0, 50.0);
    (0..=n.max(-1.0) as i64)
        .map(|i| {
            let v = (first + i as f64) * step;
            let v = if v.abs() < step * 1e-9 { 0.0 } else { v };
            (v, fixed(v, decimals.max(0), Style::Typeset))
        })
        .collect()
}

fn log_ticks(from: f64, to: f64, count: usize) -> (Vec<(f64, String)>, Vec<f64>) {
    let (mut ticks, mut minor) = (Vec::new(), Vec::new());
    let span = to - from;
    // Over less than half a decade round steps of the value itself are closer together than powers.
    if span < 0.5 {
        let value = |p: f64| libm::pow(10.0, p);
        let ticks = linear_ticks(value(from), value(to), count)
            .into_iter()
            .filter_map(|(v, text)| Some((place(Scale::Log, v)?, text)))
            .collect();
        return (ticks, Vec::new());
    }
    let (first, last) = (libm::floor(from) as i32, libm::ceil(to) as i32);
    let inside = |p: f64| p >= from - 1e-9 && p <= to + 1e-9;
    // Over less than two decades, numbers between the powers are labelled too; over many, not every power.
    let between: &[f64] = if span < 0.8 {
        &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]
    } else if span < 1.7 {
        &[1.0, 2.0, 5.0]
    } else if span < 2.6 && count > 3 {
        &[1.0, 3.0]
    } else {
        &[1.0]
    };
    let every = if span <= DECADES.min(count as f64 + 0.5) {
        1
    } else {
        libm::ceil(span / count.max(2) as f64) as i32
    };
    for e in first..=last {
        for m in 1..10 {
            let p = f64::from(e) + libm::log10(f64::from(m));
            if inside(p) && span <= DECADES {
                minor.push(p);
            }
        }
        if e.rem_euclid(every.max(1)) != 0 {
            continue;
        }
        for m in between {
            let p = f64::from(e) + libm::log10(*m);
            if inside(p) {
                ticks.push((p, power_label(*m, e)));
            }
        }
    }
    (ticks, minor)
}

/// `0.01`, `100`, `10⁵`.
fn power_label(m: f64, e: i32) -> String {
    if (-3..=4).contains(&e) {
        let v = m * libm::pow(10.0, f64::from(e));
        fixed(v, if m == 1.5 { 1 - e } else { -e }.max(0), Style::Typeset)
    } else if m == 1.0 {
        format!("10{}", superscript(&e.to_string()))
    } else {
        format!("{m}×10{}", superscript(&e.to_string()))
    }
}

fn logit_ticks(from: f64, to: f64) -> (Vec<(f64, String)>, Vec<f64>) {
    const SHARES: [f64; 13] = [
        0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999,
    ];
    let mut all: Vec<(f64, String)> = SHARES
        .iter()
        .filter_map(|s| Some((place(Scale::Logit, *s)?, format!("{s}"))))
        .filter(|(p, _)| *p >= from && *p <= to)
        .collect();
    if all.len() < 2 {
        // A narrow range: round shares within it.
        let share = |p: f64| 1.0 / (1.0 + libm::exp(-p));
        all = linear_ticks(share(from), share(to), 4)
            .into_iter()
            .filter_map(|(v, text)| Some((place(Scale::Logit, v)?, text)))
            .collect();
    }
    (all, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(a: &Axis) -> Vec<&str> {
        a.ticks.iter().map(|(_, t)| t.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let a = Axis::from_zero("", [0.0, 426.0], 5);
        assert_eq!(labels(&a), ["0", "100", "200", "300", "400"]);
        let a = Axis::over("", Scale::Linear, [-1.3, 2.2], 4);
        assert_eq!(labels(&a), ["−1", "0", "1", "2"]);
        let a = Axis::over("", Scale::Linear, [0.012, 0.0131], 4);
        assert_eq!(
            labels(&a),
            ["0.0120", "0.0122", "0.0124", "0.0126", "0.0128", "0.0130"]
        );
    }

    #[test]
    fn logarithmic_axes_label_powers_and_short_ones_more() {
        let a = Axis::over("", Scale::Log, [1.0, 1e5], 6);
        assert_eq!(
            labels(&a),
            [
                "1",
                "10",
                "100",
                "1000",
                "10\u{202f}000".replace('\u{202f}', "").as_str(),
                "10⁵"
            ]
        );
        let a = Axis::over("", Scale::Log, [2.0, 9.0], 5);
        assert_eq!(labels(&a), ["2", "3", "4", "5", "7"]);
        let a = Axis::over("", Scale::Log, [1e-12, 1e12], 5);
        assert!(a.ticks.len() <= 6);
    }

    #[test]
    fn what_a_scale_cannot_show_has_no_place() {
        assert_eq!(place(Scale::Log, 0.0), None);
        assert_eq!(place(Scale::Logit, 1.0), None);
        assert_eq!(place(Scale::Linear, f64::NAN), None);
        assert_eq!(place(Scale::Linear, f64::INFINITY), None);
    }

    proptest::proptest! {
        #[test]
        fn any_values_give_a_usable_axis(values in proptest::collection::vec(proptest::num::f64::ANY, 0..5), n in 0usize..8) {
            for scale in [Scale::Linear, Scale::Log, Scale::Logit] {
                let a = Axis::over("", scale, values.clone(), n);
                proptest::prop_assert!(a.from < a.to && a.from.is_finite() && a.to.is_finite());
                proptest::prop_assert!(a.ticks.len() <= 60);
            }
            let a = Axis::from_zero("", values, n);
            proptest::prop_assert!(a.from < a.to);
        }
    }
}
