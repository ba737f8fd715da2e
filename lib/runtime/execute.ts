import type { Backend, FloatArray, Precision } from '../backend/backend.js';
import type { BlockedLayout } from '../backend/layout.js';
import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { Arithmetic, Epilogue, Evaluation, RunTensor } from '../ops/operator.js';
import type { DataType, TensorData } from '../tensor/dtype.js';
import type { Arena } from './arena.js';
import type { Plan, Step } from './plan.js';

/** What all runs of a session share. */
export interface Machine {
  readonly backend: Backend;
  readonly arithmetic: Arithmetic;
  readonly precision: Precision;
  readonly threads: number | undefined;
  readonly arena: Arena;
  /** What operators keep from run to run. */
  readonly kept: Map<Node, object>;
  /** The plan of a body or a function, whose shapes are not known before it runs. */
  planBody(body: Graph): Plan;
}

/** One run of one plan: a tensor for every slot that is alive. */
export class Frame {
  readonly machine: Machine;
  readonly plan: Plan;
  readonly #parent: Frame | undefined;
  readonly #tensors: (RunTensor | undefined)[];
  /** Memory of its inputs, which others may write to when they get a turn. */
  #borrowed: Set<ArrayBufferLike> | undefined;

  constructor(
    machine: Machine,
    plan: Plan,
    inputs: readonly (RunTensor | undefined)[],
    parent?: Frame,
  ) {
    this.machine = machine;
    this.plan = plan;
    this.#parent = parent;
    this.#tensors = new Array<RunTensor | undefined>(plan.slots.size);
    for (const [slot, tensor] of plan.constants) this.#tensors[slot] = tensor;
    plan.inputs.forEach((slot, i) => {
      const tensor = inputs[i];
      if (tensor === undefined) return;
      this.#put(slot, tensor);
      if (ArrayBuffer.isView(tensor.data)) (this.#borrowed ??= new Set()).add(tensor.data.buffer);
    });
    for (const { value, slot } of plan.captures) this.#put(slot, parent!.#captured(value));
  }

  get stepCount(): number {
    return this.plan.steps.length;
  }

  get(slot: number): RunTensor | undefined {
    return slot < 0 ? undefined : this.#tensors[slot];
  }

  /** Copies what is still to be read of the inputs, views of them too. Only the first call does. */
  takeOver(): void {
    const borrowed = this.#borrowed;
    if (borrowed === undefined) return;
    this.#borrowed = undefined;
    const { arena, arithmetic } = this.machine;
    this.#tensors.forEach((tensor, slot) => {
      if (!ArrayBuffer.isView(tensor?.data) || !borrowed.has(tensor.data.buffer)) return;
      const data = arena.take(tensor.type, tensor.dims, arithmetic) as Float32Array;
      data.set(tensor.data as Float32Array);
      this.#put(slot, { ...tensor, data });
    });
  }

  /** Runs one step, and frees what nobody reads after it. */
  runStep(index: number): void {
    const step = this.plan.steps[index]!;
    const call = new StepCall(this, step);
    const inputs = step.inputs.map((slot) => this.get(slot));
    try {
      const results = step.operator.evaluate(call, inputs);
      step.outputs.forEach((slot, i) => {
        if (slot < 0) return;
        const tensor = results[i];
        if (tensor === undefined) {
          throw new ConvfuseError('ERR_MODEL', `${step.node.label} has no output ${i}`);
        }
        this.#put(slot, tensor);
      });
    } finally {
      call.settle();
    }
    for (const slot of step.release) this.#drop(slot);
  }

  /** Runs everything at once. */
  runAll(): void {
    for (let index = 0; index < this.stepCount; index++) this.runStep(index);
  }

  /** The tensors of the graph's outputs. They hold until finish(). */
  outputs(): readonly RunTensor[] {
    return this.plan.outputs.map((slot, i) => {
      const tensor = this.get(slot);
      if (tensor !== undefined) return tensor;
      const name = this.plan.graph.outputs[i]!.name;
      throw new ConvfuseError('ERR_MODEL', `nothing computes the output ${name}`);
    });
  }

  /** Gives all memory back, also after a step threw. */
  finish(): void {
    this.#tensors.forEach((_, slot) => this.#drop(slot));
  }

  #captured(value: Value): RunTensor {
    const own = this.get(this.plan.slots.get(value) ?? -1);
    if (own !== undefined) return own;
    if (this.#parent !== undefined) return this.#parent.#captured(value);
    throw new ConvfuseError('ERR_MODEL', `a nested graph reads ${value.name} before it is there`);
  }

  #put(slot: number, tensor: RunTensor): void {
    this.#tensors[slot] = tensor;
    this.machine.arena.retain(tensor.data);
  }

  #drop(slot: number): void {
    const tensor = this.#tensors[slot];
    if (tensor === undefined) return;
    this.#tensors[slot] = undefined;
    this.machine.arena.release(tensor.data);
  }
}

/** What one step may use while it runs. */
class StepCall implements Evaluation {
  readonly #frame: Frame;
  readonly #step: Step;
  readonly #taken: TensorData[] = [];
  readonly #bodies: Frame[] = [];

  constructor(frame: Frame, step: Step) {
    this.#frame = frame;
    this.#step = step;
  }

  get node(): Node {
    return this.#step.node;
  }

  get backend(): Backend {
    return this.#frame.machine.backend;
  }

  get arithmetic(): Arithmetic {
    return this.#frame.machine.arithmetic;
  }

  get precision(): Precision {
    return this.#frame.machine.precision;
  }

  get threads(): number | undefined {
    return this.#frame.machine.threads;
  }

  get epilogue(): Epilogue | undefined {
    const { activation, residual } = this.#step;
    return activation && { activation, residual: this.#frame.get(residual) };
  }

  get layout(): BlockedLayout | undefined {
    return this.#step.layout;
  }

  isConstant(index: number): boolean {
    return this.#step.constantInputs[index] ?? false;
  }

  canOverwrite(index: number): boolean {
    const slot = this.#step.inputs[index] ?? -1;
    const data = this.#frame.get(slot)?.data;
    const { inputs, release, residual } = this.#step;
    // Read twice, it must not change in between.
    const once = inputs.filter((other) => other === slot).length === 1 && residual !== slot;
    const last = data !== undefined && once && release.includes(slot);
    return last && this.#frame.machine.arena.isSole(data);
  }

  allocate(type: DataType, dims: readonly number[]): TensorData {
    const { arena, arithmetic } = this.#frame.machine;
    const data = arena.take(type, dims, arithmetic);
    this.#taken.push(data);
    return data;
  }

  allocateBlocked(dims: readonly number[], layout: BlockedLayout): Float32Array {
    const data = this.#frame.machine.arena.takeBlocked(dims, layout);
    this.#taken.push(data);
    return data;
  }

  allocateFloat(type: DataType, count: number): FloatArray {
    return this.allocate(type, [count]) as FloatArray;
  }

  keep<T extends object>(make: () => T): T {
    const { kept } = this.#frame.machine;
    const found = kept.get(this.node) as T | undefined;
    if (found !== undefined) return found;
    const made = make();
    kept.set(this.node, made);
    return made;
  }

  runBody(body: Graph, inputs: readonly (RunTensor | undefined)[]): readonly RunTensor[] {
    const { machine } = this.#frame;
    const frame = new Frame(machine, machine.planBody(body), inputs, this.#frame);
    // Its outputs must live until this step has taken them over.
    this.#bodies.push(frame);
    frame.runAll();
    return frame.outputs();
  }

  /** Gives back what the step took and did not hand out. */
  settle(): void {
    for (const body of this.#bodies) body.finish();
    for (const data of this.#taken) this.#frame.machine.arena.settle(data);
  }
}
