//! Straight-line programs over one register file, and how they are run.
//!
//! What frequently follows one another has an instruction of its own: a product that is used once and then added costs one
//! dispatch, not two. The two operations are rounded one after the other, so that the numbers are the same.

use std::ops::IndexMut;

use super::operation::{Binary, Ternary, Unary, power};
use super::power::powers;
use crate::ode::LANES;

/// One operation on registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instruction<I> {
    pub code: Code,
    pub to: I,
    pub a: I,
    pub b: I,
    pub c: I,
    pub d: I,
    pub e: I,
}

/// Operations on the registers a to e.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the formulas are the documentation
pub(super) enum Code {
    /// a
    Copy,
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a·b
    Mul,
    /// a/b
    Div,
    /// −a
    Neg,
    /// −(a·b)
    NegProduct,
    /// a·b + c
    ProductPlus,
    /// a·b − c
    ProductMinus,
    /// c − a·b
    MinusProduct,
    /// a·b + c·d
    ProductPlusProduct,
    /// a·b − c·d
    ProductMinusProduct,
    /// (e + c·d) + a·b
    PlusPlus,
    /// (e + c·d) − a·b
    PlusMinus,
    /// (e − c·d) + a·b
    MinusPlus,
    /// (e − c·d) − a·b
    MinusMinus,
    /// (a·b)·c
    ProductTimes,
    /// (a + b)·c
    SumTimes,
    /// (a − b)·c
    DifferenceTimes,
    /// (a/b)·c
    QuotientTimes,
    /// (a·b)/c
    ProductOver,
    /// (a + b) + c
    SumPlus,
    /// (a − b) + c
    DifferencePlus,
    /// (a + b) − c
    SumMinus,
    /// (a − b) − c
    DifferenceMinus,
    One(Unary),
    Two(Binary),
    Three(Ternary),
}

/// Index of a register.
pub(super) trait Register: Copy {
    fn at(self) -> usize;
}

impl Register for u16 {
    #[inline(always)]
    fn at(self) -> usize {
        usize::from(self)
    }
}

impl Register for u32 {
    #[inline(always)]
    fn at(self) -> usize {
        self as usize
    }
}

/// What a register holds: a number, or one at each of several points.
pub(super) trait Value: Copy {
    const ZERO: Self;
    fn map(self, f: impl Fn(f64) -> f64) -> Self;
    fn with(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self;
    /// A function of the first `used` points; the others repeat the last of them.
    fn function(self, used: usize, f: impl Fn(f64) -> f64) -> Self;
    /// The same of two arguments.
    fn function_with(self, b: Self, used: usize, f: impl Fn(f64, f64) -> f64) -> Self;
    /// The same of three arguments.
    fn function_with_two(
        self,
        b: Self,
        c: Self,
        used: usize,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Self;
    /// The power of the first `used` points.
    fn power(self, b: Self, used: usize) -> Self;
    /// Runs a program's machine code; false if it has none.
    #[cfg(feature = "jit")]
    fn run_native(program: &Program, r: &mut [Self], used: usize) -> bool;
}

impl Value for f64 {
    const ZERO: Self = 0.0;
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        f(self)
    }
    #[inline(always)]
    fn with(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        f(self, b)
    }
    #[inline(always)]
    fn function(self, _: usize, f: impl Fn(f64) -> f64) -> Self {
        f(self)
    }
    #[inline(always)]
    fn function_with(self, b: Self, _: usize, f: impl Fn(f64, f64) -> f64) -> Self {
        f(self, b)
    }
    #[inline(always)]
    fn function_with_two(
        self,
        b: Self,
        c: Self,
        _: usize,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Self {
        f(self, b, c)
    }
    #[inline(always)]
    fn power(self, b: Self, _: usize) -> Self {
        power(self, b)
    }
    // At a point machine code is run by `Machine`, which knows the states.
    #[cfg(feature = "jit")]
    #[inline(always)]
    fn run_native(_: &Program, _: &mut [Self], _: usize) -> bool {
        false
    }
}

// Loops and not `array::from_fn`, whose closure is not inlined into the wide registers.
impl Value for [f64; LANES] {
    const ZERO: Self = [0.0; LANES];
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = Self::ZERO;
        for l in 0..LANES {
            out[l] = f(self[l]);
        }
        out
    }
    #[inline(always)]
    fn with(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = Self::ZERO;
        for l in 0..LANES {
            out[l] = f(self[l], b[l]);
        }
        out
    }
    #[inline(always)]
    fn function(self, used: usize, f: impl Fn(f64) -> f64) -> Self {
        first(used, |l| f(self[l]))
    }
    #[inline(always)]
    fn function_with(self, b: Self, used: usize, f: impl Fn(f64, f64) -> f64) -> Self {
        first(used, |l| f(self[l], b[l]))
    }
    #[inline(always)]
    fn function_with_two(
        self,
        b: Self,
        c: Self,
        used: usize,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Self {
        first(used, |l| f(self[l], b[l], c[l]))
    }
    #[inline(always)]
    fn power(self, b: Self, used: usize) -> Self {
        powers(&self, &b, used)
    }
    #[cfg(feature = "jit")]
    #[inline(always)]
    fn run_native(program: &Program, r: &mut [Self], used: usize) -> bool {
        let native = program.native.as_ref();
        native.is_some_and(|native| native.run_over_points(r, used))
    }
}

/// The first `used` values of a function, the last of them repeated.
#[inline(always)]
fn first(used: usize, f: impl Fn(usize) -> f64) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    let mut last = 0.0;
    for (l, out) in out.iter_mut().enumerate() {
        if l < used {
            last = f(l);
        }
        *out = last;
    }
    out
}

#[inline(always)]
fn add<T: Value>(a: T, b: T) -> T {
    a.with(b, |a, b| a + b)
}
#[inline(always)]
fn sub<T: Value>(a: T, b: T) -> T {
    a.with(b, |a, b| a - b)
}
#[inline(always)]
fn mul<T: Value>(a: T, b: T) -> T {
    a.with(b, |a, b| a * b)
}
#[inline(always)]
fn div<T: Value>(a: T, b: T) -> T {
    a.with(b, |a, b| a / b)
}
#[inline(always)]
fn neg<T: Value>(a: T) -> T {
    a.map(|a| -a)
}

/// Runs instructions on registers; where these hold several points, functions are computed at the first `used` ones only.
#[inline(always)]
pub(super) fn run<I: Register, T: Value, R: IndexMut<usize, Output = T> + ?Sized>(
    code: &[Instruction<I>],
    r: &mut R,
    used: usize,
) {
    for i in code {
        let (a, b) = (r[i.a.at()], r[i.b.at()]);
        let value = match i.code {
            Code::Copy => a,
            Code::Add => add(a, b),
            Code::Sub => sub(a, b),
            Code::Mul => mul(a, b),
            Code::Div => div(a, b),
            Code::Neg => neg(a),
            Code::NegProduct => neg(mul(a, b)),
            Code::ProductPlus => add(mul(a, b), r[i.c.at()]),
            Code::ProductMinus => sub(mul(a, b), r[i.c.at()]),
            Code::MinusProduct => sub(r[i.c.at()], mul(a, b)),
            Code::ProductPlusProduct => add(mul(a, b), mul(r[i.c.at()], r[i.d.at()])),
            Code::ProductMinusProduct => sub(mul(a, b), mul(r[i.c.at()], r[i.d.at()])),
            Code::PlusPlus => add(add(r[i.e.at()], mul(r[i.c.at()], r[i.d.at()])), mul(a, b)),
            Code::PlusMinus => sub(add(r[i.e.at()], mul(r[i.c.at()], r[i.d.at()])), mul(a, b)),
            Code::MinusPlus => add(sub(r[i.e.at()], mul(r[i.c.at()], r[i.d.at()])), mul(a, b)),
            Code::MinusMinus => sub(sub(r[i.e.at()], mul(r[i.c.at()], r[i.d.at()])), mul(a, b)),
            Code::ProductTimes => mul(mul(a, b), r[i.c.at()]),
            Code::SumTimes => mul(add(a, b), r[i.c.at()]),
            Code::DifferenceTimes => mul(sub(a, b), r[i.c.at()]),
            Code::QuotientTimes => mul(div(a, b), r[i.c.at()]),
            Code::ProductOver => div(mul(a, b), r[i.c.at()]),
            Code::SumPlus => add(add(a, b), r[i.c.at()]),
            Code::DifferencePlus => add(sub(a, b), r[i.c.at()]),
            Code::SumMinus => sub(add(a, b), r[i.c.at()]),
            Code::DifferenceMinus => sub(sub(a, b), r[i.c.at()]),
            Code::One(op) => a.function(used, |a| op.apply(a)),
            Code::Two(Binary::Pow) => a.power(b, used),
            Code::Two(op) => a.function_with(b, used, |a, b| op.apply(a, b)),
            Code::Three(op) => {
                a.function_with_two(b, r[i.c.at()], used, |a, b, c| op.apply(a, b, c))
            }
        };
        r[i.to.at()] = value;
    }
}

/// Registers that a number of 16 bits can name: with as many of them no index has to be checked.
const SHORT: usize = 1 << 16;

/// A register file. Memory beyond the registers in use is asked for as zeros and never touched.
#[derive(Debug)]
pub(super) enum Registers<T> {
    /// For programs with short instructions; the number of registers in use.
    Short(Box<[T; SHORT]>, usize),
    /// For all others.
    Long(Vec<T>),
}

impl<T: Value> Registers<T> {
    /// A register file of `len` registers, all 0.
    pub fn new(len: usize) -> Self {
        if len <= SHORT {
            let all = vec![T::ZERO; SHORT].into_boxed_slice();
            if let Ok(all) = all.try_into() {
                return Self::Short(all, len);
            }
        }
        Self::Long(vec![T::ZERO; len])
    }
    /// The registers.
    #[inline(always)]
    pub fn all(&self) -> &[T] {
        match self {
            Self::Short(all, _) => &all[..],
            Self::Long(all) => all,
        }
    }
    /// The registers, to be set.
    #[inline(always)]
    pub fn all_mut(&mut self) -> &mut [T] {
        match self {
            Self::Short(all, _) => &mut all[..],
            Self::Long(all) => all,
        }
    }
}

impl<T: Value> Clone for Registers<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Short(all, len) => {
                let mut copy = Self::new(*len);
                copy.all_mut()[..*len].copy_from_slice(&all[..*len]);
                copy
            }
            Self::Long(all) => Self::Long(all.clone()),
        }
    }
    fn clone_from(&mut self, source: &Self) {
        match (self, source) {
            (Self::Short(own, len), Self::Short(all, other)) if len == other => {
                own[..*len].copy_from_slice(&all[..*len]);
            }
            (Self::Long(own), Self::Long(all)) => own.clone_from(all),
            (own, source) => *own = source.clone(),
        }
    }
}

/// A straight-line program and the registers of its results.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub(super) code: Vec<Instruction<u32>>,
    /// The same with short indices, if all registers can be named so; else empty.
    pub(super) short: Vec<Instruction<u16>>,
    /// First register of the results, which lie one after the other.
    pub(super) results: usize,
    pub(super) n_results: usize,
    /// The same as machine code, if it was made.
    #[cfg(feature = "jit")]
    pub(super) native: Option<super::native::Native>,
}

impl Program {
    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.code.len()
    }
    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }
    /// Number of results.
    pub fn n_outputs(&self) -> usize {
        self.n_results
    }
    /// Runs on plain registers.
    pub fn run(&self, r: &mut [f64]) {
        run(&self.code, r, 1);
    }
    /// Runs on a register file; of several points in it the first `used` ones count, the others repeat the last of them.
    #[inline(always)]
    pub(super) fn run_on<T: Value>(&self, r: &mut Registers<T>, used: usize) {
        #[cfg(feature = "jit")]
        if T::run_native(self, r.all_mut(), used) {
            return;
        }
        match r {
            Registers::Short(all, _) => run(&self.short, &mut **all, used),
            Registers::Long(all) => run(&self.code, &mut all[..], used),
        }
    }
    /// Runs on plain registers and copies all results into `out`.
    pub fn evaluate(&self, r: &mut [f64], out: &mut [f64]) {
        self.run(r);
        for (o, value) in out.iter_mut().zip(self.results(r)) {
            *o = *value;
        }
    }
    /// Registers of the results.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        self.results..self.results + self.n_results
    }
    /// The results.
    #[inline(always)]
    pub(super) fn results<'r, T>(&self, r: &'r [T]) -> &'r [T] {
        r.get(self.range()).unwrap_or_default()
    }
    /// Fills in the short instructions, if `len` registers can be named so.
    pub(super) fn shorten(&mut self, len: usize) {
        if len > SHORT {
            return;
        }
        let short = |x: u32| u16::try_from(x).unwrap_or(u16::MAX);
        let all = self.code.iter();
        self.short = all
            .map(|i| Instruction {
                code: i.code,
                to: short(i.to),
                a: short(i.a),
                b: short(i.b),
                c: short(i.c),
                d: short(i.d),
                e: short(i.e),
            })
            .collect();
    }
}
