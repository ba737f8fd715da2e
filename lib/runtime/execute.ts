import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import type { RunTensor } from '../ops/operator.js';
import { partOf } from '../ops/repeatable.js';
import { labelled } from '../ops/window.js';
import type { TensorData } from '../tensor/dtype.js';
import type { Machine } from './machine.js';
import type { Plan, Step } from './plan.js';
import { mayMove, mayRepeat, movementOf, repetitionOf } from './repetition.js';
import type { Movement, Repetition } from './repetition.js';
import { StepCall, type StepFrame } from './step-call.js';

/** One run of one plan. Holds the tensors of all live slots. */
export class Frame implements StepFrame {
  readonly machine: Machine;
  readonly plan: Plan;
  readonly #parent: Frame | undefined;
  readonly #tensors: (RunTensor | undefined)[];
  /** By slot: memory of a value that is not complete yet, into which its parts are written. */
  #wholes: Map<number, Float32Array> | undefined;
  /**
   * Buffers of the inputs. The caller may write to them whenever this run yields to the event loop.
   */
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
    this.#tensors = plan.constants.slice();
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

  /**
   * Copies the inputs that are still needed, and views of them, to own memory. Later calls do
   * nothing.
   */
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

  /**
   * Runs a step, or the chain that begins there, frees values after their last use, and returns the
   * index of the next step.
   */
  runStep(index: number): number {
    const chain = this.plan.chains.at(index, this.machine.backend);
    if (chain !== undefined && this.#repeat(chain.step, chain.repetition)) return chain.next;
    this.#runOne(index);
    return index + 1;
  }

  #runOne(index: number): void {
    const step = this.plan.steps[index]!;
    const known = this.plan.repetitions[index];
    if (known !== undefined && this.#repeat(step, known)) return;
    const inputs = step.inputs.map((slot) => this.get(slot));
    const moved = this.plan.movements[index];
    if (moved !== undefined && this.#move(step, inputs, moved)) return;
    const call = new StepCall(this, step);
    try {
      const results = step.operator.evaluate(call, inputs);
      const residual = this.get(step.residual);
      this.plan.repetitions[index] = repetitionOf(step, inputs, residual, results, call.how);
      this.plan.movements[index] = movementOf(inputs, call.moved);
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

  /**
   * Repeats a step on other tensors without asking its operator. Kernels evict most JavaScript code
   * and objects from the caches, so touching few of them here saves time.
   */
  #repeat({ node, inputs, outputs, residual, release }: Step, known: Repetition): boolean {
    const { how } = known;
    const x = this.#tensors[inputs[0]!];
    const slot = how.second === undefined ? residual : inputs[how.second]!;
    const added = slot < 0 ? undefined : this.#tensors[slot];
    if (x === undefined || !mayRepeat(known, x, added)) return false;
    const { type, dims, layout } = how;
    let data = x.data;
    if (how.run !== undefined) {
      const { arena } = this.machine;
      const own = how.overwrites === undefined ? undefined : this.#tensors[inputs[how.overwrites]!];
      if (own !== undefined && arena.isSole(own.data)) data = own.data;
      else data = this.#memory(outputs[0]!, how);
      try {
        how.run(x.data, added?.data, data);
      } catch (error) {
        arena.settle(data);
        throw labelled(node, error);
      }
    } else data = partOf(data, how.part);
    this.#put(outputs[0]!, { type, dims, data, layout });
    for (const slot of release) this.#drop(slot);
    return true;
  }

  /** The same for a step that only moves elements, of any number of inputs and outputs. */
  #move(step: Step, inputs: readonly (RunTensor | undefined)[], known: Movement): boolean {
    if (!mayMove(known, inputs)) return false;
    const given = inputs.map((x) => x?.data);
    known.outputs.forEach(({ type, dims, layout, run, part }, i) => {
      const slot = step.outputs[i]!;
      if (slot < 0) return;
      let data = partOf(given[0]!, part);
      if (run !== undefined) {
        data = this.#memory(slot, { type, dims, layout });
        try {
          run(given, data);
        } catch (error) {
          this.machine.arena.settle(data);
          throw labelled(step.node, error);
        }
      }
      this.#put(slot, { type, dims, data, layout });
    });
    for (const slot of step.release) this.#drop(slot);
    return true;
  }

  /**
   * Memory for the value of a slot: its place inside another value, the memory its own parts were
   * written to, or memory of its own.
   */
  #memory(slot: number, { type, dims, layout }: Omit<RunTensor, 'data'>): TensorData {
    const { arena, arithmetic } = this.machine;
    if (layout === undefined) return arena.take(type, dims, arithmetic);
    const place = this.plan.places.get(slot);
    if (place === undefined) return this.#wholes?.get(slot) ?? arena.takeBlocked(dims, layout);
    const { whole, from, to } = place;
    const wholes = (this.#wholes ??= new Map<number, Float32Array>());
    let memory = wholes.get(whole.slot);
    if (memory === undefined) {
      memory = arena.takeBlocked(whole.dims, whole.layout);
      wholes.set(whole.slot, memory);
    }
    return memory.subarray(from, to);
  }

  /** Runs all steps without yielding. */
  runAll(): void {
    for (let index = 0; index < this.stepCount;) index = this.runStep(index);
  }

  /** The tensors of the graph's outputs. They are valid until finish(). */
  outputs(): readonly RunTensor[] {
    return this.plan.outputs.map((slot, i) => {
      const tensor = this.get(slot);
      if (tensor !== undefined) return tensor;
      const name = this.plan.graph.outputs[i]!.name;
      throw new ConvfuseError('ERR_MODEL', `nothing computes the output ${name}`);
    });
  }

  /** Starts a run of a body or function of a node in this graph. */
  enter(body: Graph, inputs: readonly (RunTensor | undefined)[]): Frame {
    return new Frame(this.machine, this.machine.planBody(body), inputs, this);
  }

  /** Gives all memory back, also after a step threw. */
  finish(): void {
    const { constants } = this.plan;
    this.#tensors.forEach((tensor, slot) => {
      if (tensor !== constants[slot]) this.#drop(slot);
    });
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
