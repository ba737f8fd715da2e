import type { Backend, FloatArray, Precision } from '../backend/backend.js';
import type { ElementwiseRun, ElementwiseSpec } from '../backend/elementwise.js';
import type { BlockedLayout } from '../backend/layout.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type {
  Arithmetic,
  Epilogue,
  Evaluation,
  Moved,
  Repeatable,
  RunTensor,
} from '../ops/operator.js';
import type { DataType, TensorData } from '../tensor/dtype.js';
import type { Machine } from './machine.js';
import type { Step } from './plan.js';

/** The part of a run that its steps see. */
export interface StepFrame {
  readonly machine: Machine;
  get(slot: number): RunTensor | undefined;
  /** Starts a run of a body or function. */
  enter(body: Graph, inputs: readonly (RunTensor | undefined)[]): BodyFrame;
}

export interface BodyFrame {
  runAll(): void;
  outputs(): readonly RunTensor[];
  finish(): void;
}

/** What an operator may use while it evaluates one step. */
export class StepCall implements Evaluation {
  readonly #frame: StepFrame;
  readonly #step: Step;
  readonly #taken: TensorData[] = [];
  readonly #bodies: BodyFrame[] = [];
  /** How to repeat the step, where the operator said so. */
  how: Repeatable | undefined;
  moved: readonly Moved[] | undefined;

  constructor(frame: StepFrame, step: Step) {
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
    return this.#step.layouts[0];
  }

  get layouts(): readonly (BlockedLayout | undefined)[] {
    return this.#step.layouts;
  }

  elementwise(spec: ElementwiseSpec): ElementwiseRun | undefined {
    return this.backend.elementwise?.(spec);
  }

  isConstant(index: number): boolean {
    return this.#step.constantInputs[index] ?? false;
  }

  canOverwrite(index: number): boolean {
    const slot = this.#step.inputs[index] ?? -1;
    const data = this.#frame.get(slot)?.data;
    const { inputs, release, residual } = this.#step;
    // A value that the step reads twice must not change between the reads.
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

  repeatable(how: Repeatable): void {
    this.how = how;
  }

  movable(outputs: readonly Moved[]): void {
    this.moved = outputs;
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
    const frame = this.#frame.enter(body, inputs);
    // The body's outputs must live until this step has stored them.
    this.#bodies.push(frame);
    frame.runAll();
    return frame.outputs();
  }

  /** Gives back the memory that the step took but did not return as output. */
  settle(): void {
    for (const body of this.#bodies) body.finish();
    for (const data of this.#taken) this.#frame.machine.arena.settle(data);
  }
}
