//! What a stroke or area means. The stylesheet decides how it looks, in light and dark and on paper.

use plotters::style::{Color, RGBColor, ShapeStyle};

/// Number of series that are told apart by colour, dash and marker; further ones start again.
pub const SERIES: usize = 8;
/// Steps of a heat map.
pub const HEAT_STEPS: u8 = 11;

/// A role in a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Words and numbers.
    Text,
    /// Words of less weight.
    Muted,
    /// Axis lines and ticks.
    Axis,
    /// Grid lines.
    Grid,
    /// The ground behind everything.
    Paper,
    /// Measured data.
    Data,
    /// The fit or point estimate.
    Fit,
    /// A threshold, bound or limit.
    Limit,
    /// A band around the fit.
    Band,
    /// Something of other panels shown for comparison.
    Ghost,
    /// A series of several.
    Series(u8),
    /// A step of a scale from little to much.
    Heat(u8),
    /// A step of a scale around zero, the middle step.
    Diverging(u8),
    /// Transparent, to catch the pointer.
    Touch,
}

const KINDS: [&str; 10] = [
    "ink", "muted", "axis", "grid", "paper", "data", "fit", "limit", "band", "ghost",
];

impl Ink {
    /// Colours handed to `plotters` are keys of the stylesheet and are never seen: kind, index, and a mark.
    pub fn key(self) -> RGBColor {
        const MARK: u8 = 77;
        match self {
            Self::Text => RGBColor(0, 0, MARK),
            Self::Muted => RGBColor(1, 0, MARK),
            Self::Axis => RGBColor(2, 0, MARK),
            Self::Grid => RGBColor(3, 0, MARK),
            Self::Paper => RGBColor(4, 0, MARK),
            Self::Data => RGBColor(5, 0, MARK),
            Self::Fit => RGBColor(6, 0, MARK),
            Self::Limit => RGBColor(7, 0, MARK),
            Self::Band => RGBColor(8, 0, MARK),
            Self::Ghost => RGBColor(9, 0, MARK),
            Self::Series(i) => RGBColor(20, i % SERIES as u8, MARK),
            Self::Heat(i) => RGBColor(21, i.min(HEAT_STEPS - 1), MARK),
            Self::Diverging(i) => RGBColor(22, i.min(HEAT_STEPS - 1), MARK),
            Self::Touch => RGBColor(23, 0, MARK),
        }
    }
    /// Class of the stylesheet that belongs to a key.
    pub fn class(key: (u8, u8, u8)) -> String {
        match key.0 {
            20 => format!("s{}", key.1),
            21 => format!("h{}", key.1),
            22 => format!("v{}", key.1),
            23 => "touch".into(),
            i => KINDS.get(i as usize).copied().unwrap_or("ink").into(),
        }
    }
    /// A stroke, width in pixels.
    pub fn stroke(self, width: f64) -> ShapeStyle {
        self.key()
            .stroke_width((width * super::canvas::UNITS as f64) as u32)
    }
    /// An area.
    pub fn fill(self) -> ShapeStyle {
        self.key().filled()
    }
}

/// What words are written in over a step of a scale around zero: the two outer steps of each side call for the ground.
pub fn over_diverging(step: u8) -> Ink {
    const MIDDLE: u8 = HEAT_STEPS / 2;
    const OUTER: u8 = 4;
    if step.abs_diff(MIDDLE) >= OUTER {
        Ink::Paper
    } else {
        Ink::Text
    }
}

/// Step of a scale of [`HEAT_STEPS`] for a share of 0 to 1.
pub fn step(share: f64) -> u8 {
    let n = f64::from(HEAT_STEPS);
    (share * n).floor().clamp(0.0, n - 1.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_own_class() {
        let mut inks = vec![
            Ink::Text,
            Ink::Muted,
            Ink::Axis,
            Ink::Grid,
            Ink::Paper,
            Ink::Data,
            Ink::Fit,
            Ink::Limit,
            Ink::Band,
            Ink::Ghost,
            Ink::Touch,
        ];
        for i in 0..8 {
            inks.push(Ink::Series(i));
        }
        for i in 0..HEAT_STEPS {
            inks.push(Ink::Heat(i));
            inks.push(Ink::Diverging(i));
        }
        let mut classes: Vec<String> = inks
            .iter()
            .map(|i| {
                let RGBColor(r, g, b) = i.key();
                Ink::class((r, g, b))
            })
            .collect();
        let n = classes.len();
        classes.sort();
        classes.dedup();
        assert_eq!(classes.len(), n);
    }

    #[test]
    fn shares_fall_on_steps() {
        assert_eq!(step(0.0), 0);
        assert_eq!(step(0.5), 5);
        assert_eq!(step(1.0), 10);
        assert_eq!(step(f64::NAN), 0);
    }
}
