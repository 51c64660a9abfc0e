//! Machine code of programs (feature `jit`): the same operations on the same registers, each rounded by itself, so that every bit is
//! that of the bytecode.
//!
//! A program becomes one of two functions, or both. One computes at a point: it takes time and states where they are, what depends on
//! parameters only from the registers, and puts the results where they are wanted. The other works on registers that hold a number at
//! each of [`LANES`] points: arithmetic in pairs of points, functions by the bytecode's own code on all points at once. What is no
//! arithmetic stays an instruction, to which the machine code points when it calls for it.
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
use cranelift_module::{FuncId, Module, default_libcall_names};

use super::bytecode::{self, Code, Instruction, Program};
use super::operation::{Binary, Unary};
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
type AtPoint = unsafe extern "C" fn(*mut f64, f64, *const f64, *mut f64, *mut f64, *mut f64);
type OverPoints = unsafe extern "C" fn(*mut Points, usize);

/// What the functions are in.
struct Memory {
    module: Mutex<Option<JITModule>>,
    /// What machine code points to.
    _calls: Vec<Arc<Call>>,
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
    /// Sets time and states in the registers and puts the results there into the parts of `out`; false if there is no function
    /// for it, or if any slice is too short.
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
    let Some(natives) = try_compile(programs, wanted, layout, n_states) else {
        return;
    };
    for (program, native) in programs.iter_mut().zip(natives) {
        program.native = native;
    }
}

fn try_compile(
    programs: &[Program],
    wanted: &[Wanted],
    layout: &Layout,
    n_states: usize,
) -> Option<Vec<Option<Native>>> {
    let len = layout.len;
    // More than an offset can tell is not compiled.
    i32::try_from(len * LANES * NUMBER).ok()?;
    let mut flags = settings::builder();
    for (name, value) in [("opt_level", "speed"), ("enable_verifier", "false")] {
        flags.set(name, value).ok()?;
    }
    let isa = cranelift_native::builder()
        .ok()?
        .finish(settings::Flags::new(flags))
        .ok()?;
    let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
    let pointer = module.target_config().pointer_type();
    let mut compiler = Compiler {
        context: module.make_context(),
        builder: FunctionBuilderContext::new(),
        pointer,
        calls: Calls {
            pointer,
            len,
            list: Vec::new(),
        },
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
    module.finalize_definitions().ok()?;
    let address = |id: Option<FuncId>| id.map(|id| module.get_finalized_function(id));
    let addresses: Vec<([Option<*const u8>; 2], Shape)> = ids
        .into_iter()
        .map(|(ids, shape)| (ids.map(address), shape))
        .collect();
    let memory = Arc::new(Memory {
        module: Mutex::new(Some(module)),
        _calls: compiler.calls.list,
    });
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
    Some(natives.collect())
}

/// Turns programs into functions.
struct Compiler {
    context: cranelift_codegen::Context,
    builder: FunctionBuilderContext,
    pointer: Type,
    calls: Calls,
}

/// Instructions that machine code points to.
struct Calls {
    pointer: Type,
    /// Number of registers.
    len: usize,
    list: Vec<Arc<Call>>,
}

impl Calls {
    /// Keeps an instruction; its address as a value of the function.
    fn push(&mut self, b: &mut FunctionBuilder, instruction: Instruction<u32>) -> Value {
        // Shared, because its address is known elsewhere.
        let call = Arc::new(Call {
            instruction,
            len: self.len,
        });
        let at = b.ins().iconst(self.pointer, Arc::as_ptr(&call) as i64);
        self.list.push(call);
        at
    }
}

impl Compiler {
    fn signature(&self, module: &JITModule, parameters: usize) -> Signature {
        let mut signature = module.make_signature();
        for _ in 0..parameters {
            signature.params.push(AbiParam::new(self.pointer));
        }
        signature
    }

    fn define(&mut self, module: &mut JITModule) -> Option<FuncId> {
        let id = module
            .declare_anonymous_function(&self.context.func.signature)
            .ok()?;
        module.define_function(id, &mut self.context).ok()?;
        module.clear_context(&mut self.context);
        Some(id)
    }

    /// The function at a point.
    fn at_point(
        &mut self,
        module: &mut JITModule,
        program: &Program,
        shape: &Shape,
    ) -> Option<FuncId> {
        let mut signature = self.signature(module, 6);
        signature.params[1] = AbiParam::new(types::F64);
        self.context.func.signature = signature;
        let mut helper = self.signature(module, 1);
        helper.params.extend([AbiParam::new(types::F64); 3]);
        helper.returns.push(AbiParam::new(types::F64));
        let mut b = FunctionBuilder::new(&mut self.context.func, &mut self.builder);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        b.seal_block(entry);
        let [base, t, y] = [0, 1, 2].map(|k| b.block_params(entry)[k]);
        let outs = [3, 4, 5].map(|k| b.block_params(entry)[k]);
        let helper = b.import_signature(helper);
        let mut registers = InRegisters::new(base, types::F64, NUMBER);
        // Formulas that are evaluated next find the point in the registers.
        b.ins().store(registers.flags, t, base, 0);
        registers.values.insert(0, t);
        for k in 0..shape.n_states {
            let from = (k * NUMBER) as i32;
            let state = b.ins().load(types::F64, registers.flags, y, from);
            let register = (shape.states + k) as u32;
            let to = registers.offset(register);
            b.ins().store(registers.flags, state, base, to);
            registers.values.insert(register, state);
        }
        for i in &program.code {
            let value = match arithmetic(&mut b, &mut registers, i) {
                Some(value) => value,
                None => {
                    let operands = [i.a, i.b, i.c].map(|a| registers.get(&mut b, a));
                    let call = self.calls.push(&mut b, *i);
                    let to = b.ins().iconst(self.pointer, value_of as *const () as i64);
                    let [x, y, z] = operands;
                    let call = b.ins().call_indirect(helper, to, &[call, x, y, z]);
                    b.inst_results(call)[0]
                }
            };
            registers.set(i.to, value);
        }
        // Results that depend on parameters only are in their registers already.
        let mut result = program.range();
        for (out, part) in outs.into_iter().zip(shape.parts) {
            for (k, register) in result.by_ref().take(part).enumerate() {
                let value = registers.get(&mut b, register as u32);
                let offset = (k * NUMBER) as i32;
                b.ins().store(registers.flags, value, out, offset);
            }
        }
        b.ins().return_(&[]);
        b.finalize(module.target_config());
        self.define(module)
    }

    /// The function over points: arithmetic goes from function to function in a loop over pairs of points.
    fn over_points(&mut self, module: &mut JITModule, program: &Program) -> Option<FuncId> {
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
                let at = self.calls.push(&mut b, *first);
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

/// One of the four operations.
fn single(b: &mut FunctionBuilder, op: Binary, x: Value, y: Value) -> Value {
    match op {
        Binary::Add => b.ins().fadd(x, y),
        Binary::Sub => b.ins().fsub(x, y),
        Binary::Mul => b.ins().fmul(x, y),
        _ => b.ins().fdiv(x, y),
    }
}

/// An operation as machine instructions, the operands rounded in the order of the bytecode; nothing for functions.
fn arithmetic(b: &mut FunctionBuilder, r: &mut InRegisters, i: &Instruction<u32>) -> Option<Value> {
    use Binary::{Add, Div, Mul, Sub};
    if !is_arithmetic(i.code) {
        return None;
    }
    let x = r.get(b, i.a);
    // `a first b`, and then that `second c`.
    let (first, second) = match i.code {
        Code::Copy => return Some(x),
        Code::Neg | Code::One(Unary::Neg) => return Some(b.ins().fneg(x)),
        Code::One(Unary::Abs) => return Some(b.ins().fabs(x)),
        Code::One(_) => return Some(b.ins().sqrt(x)),
        Code::Add => (Add, None),
        Code::Sub => (Sub, None),
        Code::Div => (Div, None),
        Code::ProductPlus => (Mul, Some(Add)),
        Code::ProductMinus => (Mul, Some(Sub)),
        Code::ProductTimes => (Mul, Some(Mul)),
        Code::ProductOver => (Mul, Some(Div)),
        Code::SumTimes => (Add, Some(Mul)),
        Code::SumPlus => (Add, Some(Add)),
        Code::SumMinus => (Add, Some(Sub)),
        Code::DifferenceTimes => (Sub, Some(Mul)),
        Code::DifferencePlus => (Sub, Some(Add)),
        Code::DifferenceMinus => (Sub, Some(Sub)),
        Code::QuotientTimes => (Div, Some(Mul)),
        // Those below begin with a product as well.
        _ => (Mul, None),
    };
    let y = r.get(b, i.b);
    let left = single(b, first, x, y);
    if let Some(second) = second {
        let z = r.get(b, i.c);
        return Some(single(b, second, left, z));
    }
    Some(match i.code {
        Code::NegProduct => b.ins().fneg(left),
        Code::MinusProduct => {
            let z = r.get(b, i.c);
            b.ins().fsub(z, left)
        }
        Code::ProductPlusProduct | Code::ProductMinusProduct => {
            let right = product(b, r, i.c, i.d);
            let op = if i.code == Code::ProductPlusProduct {
                Add
            } else {
                Sub
            };
            single(b, op, left, right)
        }
        Code::PlusPlus | Code::PlusMinus | Code::MinusPlus | Code::MinusMinus => {
            let (start, inner) = (r.get(b, i.e), product(b, r, i.c, i.d));
            let (one, two) = match i.code {
                Code::PlusPlus => (Add, Add),
                Code::PlusMinus => (Add, Sub),
                Code::MinusPlus => (Sub, Add),
                _ => (Sub, Sub),
            };
            let sum = single(b, one, start, inner);
            single(b, two, sum, left)
        }
        _ => left,
    })
}

/// The product of two registers.
fn product(b: &mut FunctionBuilder, r: &mut InRegisters, x: u32, y: u32) -> Value {
    let (x, y) = (r.get(b, x), r.get(b, y));
    b.ins().fmul(x, y)
}

/// A function of one, two or three numbers.
///
/// # Safety
/// `call` points to an instruction that is kept.
unsafe extern "C" fn value_of(call: *const Call, a: f64, b: f64, c: f64) -> f64 {
    // SAFETY: `call` is kept by the memory that the caller is part of.
    match unsafe { (*call).instruction.code } {
        Code::One(op) => op.apply(a),
        Code::Two(op) => op.apply(a, b),
        Code::Three(op) => op.apply(a, b, c),
        // Arithmetic, which is no call.
        _ => f64::NAN,
    }
}

/// One instruction over points, by the bytecode.
///
/// # Safety
/// `r` points to as many registers as `call` says.
unsafe extern "C" fn by_bytecode(r: *mut Points, used: usize, call: *const Call) {
    // SAFETY: `call` is kept by the memory that the caller is part of; `r` is what `run_over_points` was given and checked.
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
