//! Machine code of programs (feature `jit`): the same operations on the same registers, each rounded by itself, so that every bit is
//! that of the bytecode.
//!
//! A program becomes one of two functions, or both. One computes at a point: it takes time and states as they are, what depends on
//! parameters only from the registers, and puts the results where they are wanted. The other works on registers that hold a number at
//! each of [`LANES`] points: arithmetic in pairs of points, functions by the bytecode's own code on all points at once.
//!
//! This is the only file with unsafe code. What must hold: a function reads and writes registers, states and results below the numbers
//! that it was made for, and is called with at least as many (checked at every call); its memory lives as long as anything that can call
//! it (an [`Arc`] beside every function).
#![allow(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{AbiParam, InstBuilder, MemFlagsData, Signature, Type, Value, types};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, ModuleError, default_libcall_names};

use super::bytecode::{self, Code, Instruction, Program};
use super::operation::{Binary, Ternary, Unary};
use super::program::Layout;
use crate::ode::LANES;

/// Points that one machine register holds.
const PAIR: usize = 2;
/// Bytes of a number.
const NUMBER: usize = size_of::<f64>();
/// Programs longer than this stay bytecode: their compilation would take longer than most runs gain.
const LONGEST: usize = 20_000;

/// A register of the functions over points.
type Points = [f64; LANES];
/// Registers, time, states, and the places of three parts of the results.
type AtPoint = unsafe extern "C" fn(*const f64, f64, *const f64, *mut f64, *mut f64, *mut f64);
type OverPoints = unsafe extern "C" fn(*mut Points, usize);

/// What the functions are in.
struct Memory {
    module: Mutex<Option<JITModule>>,
    /// Functions' own instructions, to which machine code points.
    calls: Vec<Box<Call>>,
}

/// An instruction that is left to the bytecode.
struct Call {
    instruction: Instruction<u32>,
    /// Number of registers.
    len: usize,
}

impl Drop for Memory {
    fn drop(&mut self) {
        let module = self.module.get_mut().map(Option::take);
        if let Ok(Some(module)) = module {
            // SAFETY: every function holds an `Arc` of this memory; none is left to be called.
            unsafe { module.free_memory() };
        }
    }
}

/// Machine code of one program.
#[derive(Clone)]
pub(super) struct Native {
    at_point: Option<AtPoint>,
    over_points: Option<OverPoints>,
    shape: Shape,
    _memory: Arc<Memory>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Native")
            .field("shape", &self.shape)
            .finish()
    }
}

impl Native {
    /// Sets time and states in the registers and puts the results there into the parts of `out`; false if there is no function for it, or if any slice is too short.
    #[inline(always)]
    pub fn run(&self, r: &mut [f64], t: f64, y: &[f64], out: &mut [&mut [f64]; 3]) -> bool {
        let [first, second, third] = out;
        let [a, b, c] = self.shape.parts;
        let fits = r.len() >= self.shape.registers
            && y.len() >= self.shape.n_states
            && first.len() >= a
            && second.len() >= b
            && third.len() >= c;
        let Some(at_point) = self.at_point.filter(|_| fits) else {
            return false;
        };
        let [first, second, third] = [first.as_mut_ptr(), second.as_mut_ptr(), third.as_mut_ptr()];
        // SAFETY: the function reads and writes within the shape, which is there.
        unsafe { at_point(r.as_mut_ptr(), t, y.as_ptr(), first, second, third) };
        true
    }

    /// Runs at [`LANES`] points, functions at the first `used` of them; false as above.
    #[inline(always)]
    pub fn run_over_points(&self, r: &mut [Points], used: usize) -> bool {
        let Some(over_points) = self.over_points.filter(|_| r.len() >= self.shape.registers) else {
            return false;
        };
        // SAFETY: as above.
        unsafe { over_points(r.as_mut_ptr(), used) };
        true
    }
}

/// Which functions a program gets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// At a point, with so many results in each part.
    pub at_point: Option<[usize; 3]>,
    pub over_points: bool,
}

/// What a function is made for.
#[derive(Debug, Clone, Copy)]
struct Shape {
    registers: usize,
    /// Register of the first state.
    states: usize,
    n_states: usize,
    /// Results in each part.
    parts: [usize; 3],
}

/// Gives programs their machine code, as far as this processor is known to the compiler.
pub(super) fn compile(
    programs: &mut [Program],
    wanted: &[Wanted],
    layout: &Layout,
    n_states: usize,
) {
    // What cannot be compiled stays bytecode, which gives the same numbers.
    let Ok(natives) = try_compile(programs, wanted, layout, n_states) else {
        return;
    };
    for (program, native) in programs.iter_mut().zip(natives) {
        program.native = native;
    }
}

/// Why there is no machine code.
#[derive(Debug)]
#[allow(dead_code)] // shown by a debugger only
enum Refused {
    Processor(&'static str),
    /// More than an offset can tell.
    Registers(usize),
    Module(Box<ModuleError>),
    Settings(settings::SetError),
    Isa(cranelift_codegen::CodegenError),
}

impl From<ModuleError> for Refused {
    fn from(error: ModuleError) -> Self {
        Self::Module(Box::new(error))
    }
}

fn try_compile(
    programs: &[Program],
    wanted: &[Wanted],
    layout: &Layout,
    n_states: usize,
) -> Result<Vec<Option<Native>>, Refused> {
    let len = layout.len;
    if i32::try_from(len * LANES * NUMBER).is_err() {
        return Err(Refused::Registers(len));
    }
    let mut flags = settings::builder();
    for (name, value) in [("opt_level", "speed"), ("enable_verifier", "false")] {
        flags.set(name, value).map_err(Refused::Settings)?;
    }
    let isa = cranelift_native::builder()
        .map_err(Refused::Processor)?
        .finish(settings::Flags::new(flags))
        .map_err(Refused::Isa)?;
    let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
    let mut compiler = Compiler {
        context: module.make_context(),
        builder: FunctionBuilderContext::new(),
        pointer: module.target_config().pointer_type(),
        len,
        calls: Vec::new(),
    };
    let mut ids = Vec::with_capacity(programs.len());
    for (program, wanted) in programs.iter().zip(wanted) {
        let is_worth_it = !program.is_empty() && program.len() <= LONGEST;
        let mut functions = [None, None];
        let shape = Shape {
            registers: len,
            states: layout.states,
            n_states,
            parts: wanted.at_point.unwrap_or_default(),
        };
        // A function of results that are not all asked for is not made.
        let is_whole = shape.parts.iter().sum::<usize>() == program.n_outputs();
        if wanted.at_point.is_some() && is_worth_it && is_whole {
            functions[0] = Some(compiler.at_point(&mut module, program, &shape)?);
        }
        if wanted.over_points && is_worth_it {
            functions[1] = Some(compiler.over_points(&mut module, program)?);
        }
        ids.push((functions, shape));
    }
    module.finalize_definitions()?;
    let address = |id: Option<FuncId>| id.map(|id| module.get_finalized_function(id));
    let addresses: Vec<([Option<*const u8>; 2], Shape)> = ids
        .into_iter()
        .map(|(ids, shape)| (ids.map(address), shape))
        .collect();
    let memory = Arc::new(Memory {
        module: Mutex::new(Some(module)),
        calls: compiler.calls,
    });
    debug_assert!(memory.calls.iter().all(|c| c.len == len));
    let natives = addresses.into_iter().map(|(addresses, shape)| {
        let [at_point, over_points] = addresses;
        // SAFETY: this is the address of a function with this signature, which `Compiler::at_point` declared.
        let at_point = at_point.map(|at| unsafe { std::mem::transmute::<*const u8, AtPoint>(at) });
        // SAFETY: the same of `Compiler::over_points`.
        let over_points =
            over_points.map(|at| unsafe { std::mem::transmute::<*const u8, OverPoints>(at) });
        (at_point.is_some() || over_points.is_some()).then(|| Native {
            at_point,
            over_points,
            shape,
            _memory: Arc::clone(&memory),
        })
    });
    Ok(natives.collect())
}

/// Turns programs into functions.
struct Compiler {
    context: cranelift_codegen::Context,
    builder: FunctionBuilderContext,
    pointer: Type,
    len: usize,
    calls: Vec<Box<Call>>,
}

impl Compiler {
    fn signature(&self, module: &JITModule, parameters: usize) -> Signature {
        let mut signature = module.make_signature();
        for _ in 0..parameters {
            signature.params.push(AbiParam::new(self.pointer));
        }
        signature
    }

    fn define(&mut self, module: &mut JITModule) -> Result<FuncId, ModuleError> {
        let id = module.declare_anonymous_function(&self.context.func.signature)?;
        module.define_function(id, &mut self.context)?;
        module.clear_context(&mut self.context);
        Ok(id)
    }

    /// The function at a point.
    fn at_point(
        &mut self,
        module: &mut JITModule,
        program: &Program,
        shape: &Shape,
    ) -> Result<FuncId, ModuleError> {
        let mut signature = self.signature(module, 6);
        signature.params[1] = AbiParam::new(types::F64);
        self.context.func.signature = signature;
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let parameters: Vec<Value> = b.block_params(entry).to_vec();
        let [base, t, y, outs @ ..] = &parameters[..] else {
            return self.define(module);
        };
        let mut registers = InRegisters::new(*base, types::F64, NUMBER);
        // Formulas that are evaluated next find the point in the registers.
        b.ins().store(registers.flags, *t, *base, 0);
        registers.values.insert(0, *t);
        for k in 0..shape.n_states {
            let from = (k * NUMBER) as i32;
            let state = b.ins().load(types::F64, registers.flags, *y, from);
            let register = (shape.states + k) as u32;
            let to = registers.offset(register);
            b.ins().store(registers.flags, state, *base, to);
            registers.values.insert(register, state);
        }
        for i in &program.code {
            let value = match arithmetic(&mut b, &mut registers, i) {
                Some(value) => value,
                None => call(&mut b, module, &mut registers, i, self.pointer),
            };
            registers.set(i.to, value);
        }
        // Results that depend on parameters only are in their registers already.
        let mut result = program.range();
        for (out, part) in outs.iter().zip(shape.parts) {
            for (k, register) in result.by_ref().take(part).enumerate() {
                let value = registers.get(&mut b, register as u32);
                let offset = (k * NUMBER) as i32;
                b.ins().store(MemFlagsData::trusted(), value, *out, offset);
            }
        }
        b.ins().return_(&[]);
        b.finalize(module.target_config());
        self.define(module)
    }

    /// The function over points: arithmetic goes from function to function in a loop over pairs of points.
    fn over_points(
        &mut self,
        module: &mut JITModule,
        program: &Program,
    ) -> Result<FuncId, ModuleError> {
        self.context.func.signature = self.signature(module, 2);
        let helper = self.signature(module, 3);
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let (all, used) = (b.block_params(entry)[0], b.block_params(entry)[1]);
        let helper = b.import_signature(helper);
        let mut rest = &program.code[..];
        while let Some(first) = rest.first() {
            let n = rest.iter().take_while(|i| is_arithmetic(i.code)).count();
            if n == 0 {
                let call = Box::new(Call {
                    instruction: *first,
                    len: self.len,
                });
                let at = b.ins().iconst(self.pointer, &raw const *call as i64);
                self.calls.push(call);
                let to = b
                    .ins()
                    .iconst(self.pointer, by_bytecode as *const () as i64);
                b.ins().call_indirect(helper, to, &[all, used, at]);
                rest = &rest[1..];
                continue;
            }
            let (straight, behind) = rest.split_at(n);
            // What is read behind this piece, or is a result, has to be in its register.
            let read: HashSet<u32> = behind
                .iter()
                .flat_map(|i| [i.a, i.b, i.c, i.d, i.e])
                .collect();
            let (head, done) = (b.create_block(), b.create_block());
            let offset = b.append_block_param(head, self.pointer);
            let zero = b.ins().iconst(self.pointer, 0);
            b.ins().jump(head, &[zero.into()]);
            b.switch_to_block(head);
            let base = b.ins().iadd(all, offset);
            let mut registers = InRegisters::new(base, types::F64X2, LANES * NUMBER);
            for i in straight {
                if let Some(value) = arithmetic(&mut b, &mut registers, i) {
                    registers.set(i.to, value);
                }
            }
            registers.store(&mut b, |register| {
                program.range().contains(&register) || read.contains(&(register as u32))
            });
            let next = b.ins().iadd_imm_s(offset, (PAIR * NUMBER) as i64);
            let end = b.ins().iconst(self.pointer, (LANES * NUMBER) as i64);
            let more = b.ins().icmp(IntCC::UnsignedLessThan, next, end);
            b.ins().brif(more, head, &[next.into()], done, &[]);
            b.seal_block(head);
            b.switch_to_block(done);
            b.seal_block(done);
            rest = behind;
        }
        b.ins().return_(&[]);
        b.finalize(module.target_config());
        self.define(module)
    }
}

/// What is known of the registers while a function is written.
struct InRegisters {
    base: Value,
    kind: Type,
    /// Bytes from one register to the next.
    stride: usize,
    flags: MemFlagsData,
    values: HashMap<u32, Value>,
    /// Registers that were set, in order.
    set: Vec<u32>,
}

impl InRegisters {
    fn new(base: Value, kind: Type, stride: usize) -> Self {
        Self {
            base,
            kind,
            stride,
            // A number is aligned, a pair of them need not be.
            flags: if kind == types::F64 {
                MemFlagsData::trusted()
            } else {
                MemFlagsData::new().with_notrap()
            },
            values: HashMap::new(),
            set: Vec::new(),
        }
    }
    fn offset(&self, register: u32) -> i32 {
        // `try_compile` refuses register files that this cannot tell.
        i32::try_from(register as usize * self.stride).unwrap_or(i32::MAX)
    }
    fn get(&mut self, b: &mut FunctionBuilder, register: u32) -> Value {
        if let Some(value) = self.values.get(&register) {
            return *value;
        }
        let offset = self.offset(register);
        let value = b.ins().load(self.kind, self.flags, self.base, offset);
        self.values.insert(register, value);
        value
    }
    fn set(&mut self, register: u32, value: Value) {
        self.values.insert(register, value);
        self.set.push(register);
    }
    /// Writes what was set to memory, where `keep` says so.
    fn store(&self, b: &mut FunctionBuilder, keep: impl Fn(usize) -> bool) {
        let mut stored = HashSet::new();
        for &register in self.set.iter().filter(|r| keep(**r as usize)) {
            if stored.insert(register)
                && let Some(value) = self.values.get(&register)
            {
                let offset = self.offset(register);
                b.ins().store(self.flags, *value, self.base, offset);
            }
        }
    }
}

/// Whether [`arithmetic`] knows the operation.
fn is_arithmetic(code: Code) -> bool {
    !matches!(code, Code::Two(_) | Code::Three(_))
        && !matches!(code, Code::One(op) if !matches!(op, Unary::Neg | Unary::Abs | Unary::Sqrt))
}

/// An operation as machine instructions, the operands rounded in the order of the bytecode; nothing for functions.
fn arithmetic(b: &mut FunctionBuilder, r: &mut InRegisters, i: &Instruction<u32>) -> Option<Value> {
    if !is_arithmetic(i.code) {
        return None;
    }
    let x = r.get(b, i.a);
    /// Reads a register.
    macro_rules! at {
        ($field:ident) => {
            r.get(b, i.$field)
        };
    }
    /// One operation.
    macro_rules! op {
        ($name:ident, $($operand:expr),+) => {{
            let operands = [$($operand),+];
            op!(@ $name, operands, $($operand),+)
        }};
        (@ $name:ident, $o:ident, $a:expr, $b:expr) => { b.ins().$name($o[0], $o[1]) };
        (@ $name:ident, $o:ident, $a:expr) => { b.ins().$name($o[0]) };
    }
    Some(match i.code {
        Code::Copy => x,
        Code::Add => op!(fadd, x, at!(b)),
        Code::Sub => op!(fsub, x, at!(b)),
        Code::Mul => op!(fmul, x, at!(b)),
        Code::Div => op!(fdiv, x, at!(b)),
        Code::Neg | Code::One(Unary::Neg) => op!(fneg, x),
        Code::One(Unary::Abs) => op!(fabs, x),
        Code::One(_) => op!(sqrt, x),
        Code::NegProduct => {
            let product = op!(fmul, x, at!(b));
            op!(fneg, product)
        }
        Code::ProductPlus => {
            let product = op!(fmul, x, at!(b));
            op!(fadd, product, at!(c))
        }
        Code::ProductMinus => {
            let product = op!(fmul, x, at!(b));
            op!(fsub, product, at!(c))
        }
        Code::MinusProduct => {
            let product = op!(fmul, x, at!(b));
            op!(fsub, at!(c), product)
        }
        Code::ProductPlusProduct => {
            let (left, right) = (op!(fmul, x, at!(b)), op!(fmul, at!(c), at!(d)));
            op!(fadd, left, right)
        }
        Code::ProductMinusProduct => {
            let (left, right) = (op!(fmul, x, at!(b)), op!(fmul, at!(c), at!(d)));
            op!(fsub, left, right)
        }
        Code::PlusPlus | Code::PlusMinus | Code::MinusPlus | Code::MinusMinus => {
            let (first, second) = (op!(fmul, at!(c), at!(d)), op!(fmul, x, at!(b)));
            let start = if matches!(i.code, Code::PlusPlus | Code::PlusMinus) {
                op!(fadd, at!(e), first)
            } else {
                op!(fsub, at!(e), first)
            };
            if matches!(i.code, Code::PlusPlus | Code::MinusPlus) {
                op!(fadd, start, second)
            } else {
                op!(fsub, start, second)
            }
        }
        Code::ProductTimes => {
            let first = op!(fmul, x, at!(b));
            op!(fmul, first, at!(c))
        }
        Code::SumTimes => {
            let first = op!(fadd, x, at!(b));
            op!(fmul, first, at!(c))
        }
        Code::DifferenceTimes => {
            let first = op!(fsub, x, at!(b));
            op!(fmul, first, at!(c))
        }
        Code::QuotientTimes => {
            let first = op!(fdiv, x, at!(b));
            op!(fmul, first, at!(c))
        }
        Code::ProductOver => {
            let first = op!(fmul, x, at!(b));
            op!(fdiv, first, at!(c))
        }
        Code::SumPlus => {
            let first = op!(fadd, x, at!(b));
            op!(fadd, first, at!(c))
        }
        Code::DifferencePlus => {
            let first = op!(fsub, x, at!(b));
            op!(fadd, first, at!(c))
        }
        Code::SumMinus => {
            let first = op!(fadd, x, at!(b));
            op!(fsub, first, at!(c))
        }
        Code::DifferenceMinus => {
            let first = op!(fsub, x, at!(b));
            op!(fsub, first, at!(c))
        }
        Code::Two(_) | Code::Three(_) => return None,
    })
}

/// A function of one, two or three numbers, at a point.
fn call(
    b: &mut FunctionBuilder,
    module: &JITModule,
    r: &mut InRegisters,
    i: &Instruction<u32>,
    pointer: Type,
) -> Value {
    let function = match i.code {
        Code::One(op) => one(op),
        Code::Two(op) => two(op),
        Code::Three(op) => three(op),
        // Arithmetic, which is no call.
        _ => return r.get(b, i.a),
    };
    let mut signature = module.make_signature();
    signature.params = vec![AbiParam::new(types::F64); 3];
    signature.returns.push(AbiParam::new(types::F64));
    let signature = b.import_signature(signature);
    let operands = [i.a, i.b, i.c].map(|a| r.get(b, a));
    let address = b.ins().iconst(pointer, function as *const () as i64);
    let call = b.ins().call_indirect(signature, address, &operands);
    b.inst_results(call)[0]
}

/// One instruction over points, by the bytecode.
///
/// # Safety
/// `r` points to as many registers as `call` says.
unsafe extern "C" fn by_bytecode(r: *mut Points, used: usize, call: *const Call) {
    // SAFETY: `call` is a box of the memory that the caller is part of; `r` is what `run_over_points` was given and checked.
    let (call, r) = unsafe { (&*call, std::slice::from_raw_parts_mut(r, (*call).len)) };
    pulp::Arch::new().dispatch(OneInstruction { call, r, used });
}

/// A type and not a closure, because only what is inlined into the dispatcher is compiled for the wide registers.
struct OneInstruction<'a> {
    call: &'a Call,
    r: &'a mut [Points],
    used: usize,
}

impl pulp::NullaryFnOnce for OneInstruction<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        bytecode::run(
            std::slice::from_ref(&self.call.instruction),
            self.r,
            self.used,
        );
    }
}

/// A function that machine code can call; what it does not need it does not read.
type Function = extern "C" fn(f64, f64, f64) -> f64;

/// The function of every operation of a kind.
macro_rules! functions {
    ($choose:ident, $kind:ident, $parameters:tt, $arguments:tt, [$($op:ident),+ $(,)?]) => {
        fn $choose(op: $kind) -> Function {
            match op {
                $($kind::$op => functions!(@ $kind::$op, $parameters, $arguments)),+
            }
        }
    };
    (@ $op:expr, [$($parameter:ident),+], ($($argument:ident),+)) => {{
        extern "C" fn function($($parameter: f64),+) -> f64 {
            let _ = ($($parameter),+);
            $op.apply($($argument),+)
        }
        function
    }};
}

functions!(
    one,
    Unary,
    [a, b, c],
    (a),
    [
        Neg, Exp, Ln, Log2, Log10, Sqrt, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh,
        Acosh, Atanh, Abs, Sign, Floor, Ceil, Trunc, Factorial, Digamma, Not,
    ]
);
functions!(
    two,
    Binary,
    [a, b, c],
    (a, b),
    [
        Add,
        Sub,
        Mul,
        Div,
        Pow,
        TimesLn,
        OverGuarded,
        Min,
        Max,
        Rem,
        Lt,
        Le,
        Gt,
        Ge,
        Eq,
        Ne,
        And,
        Or,
        Xor,
    ]
);
functions!(three, Ternary, [a, b, c], (a, b, c), [Select, PowSlope]);
