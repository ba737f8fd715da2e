import type { Backend, BoundLayer } from '../backend/backend.js';
import type { Step } from './plan.js';
import type { Repetition } from './repetition.js';

/** Several steps as one: what is between them is nowhere else. */
export interface Chain {
  /** Its input is the first one's; outputs and residual are the last one's. */
  readonly step: Step;
  readonly repetition: Repetition;
  /** The step that follows. */
  readonly next: number;
}

/** Steps [first, end), each the only reader of what the one before it writes in blocks. */
interface Run {
  readonly first: number;
  readonly end: number;
  /** How its steps were done when the backend was last asked to make chains of them. */
  asked: readonly (Repetition | undefined)[] | undefined;
}

/**
 * Steps of a plan that the backend runs as one. They have to be done one by one before: how a step is
 * done again is what a chain is made of.
 */
export class Chains {
  readonly #steps: readonly Step[];
  readonly #repetitions: readonly (Repetition | undefined)[];
  /** By their first step. */
  readonly #runs = new Map<number, Run>();
  readonly #chains = new Map<number, Chain>();

  /** @param repetitions of the steps, which runs note */
  constructor(steps: readonly Step[], repetitions: readonly (Repetition | undefined)[]) {
    this.#steps = steps;
    this.#repetitions = repetitions;
    for (let first = 0; first < steps.length;) {
      let end = first + 1;
      while (end < steps.length && leadsTo(steps[end - 1]!, steps[end]!)) end++;
      if (end - first > 1) this.#runs.set(first, { first, end, asked: undefined });
      first = end;
    }
  }

  /** The chain that begins with a step, once its steps have been done. */
  at(index: number, backend: Backend): Chain | undefined {
    const run = this.#runs.get(index);
    if (run !== undefined) this.#ask(run, backend);
    return this.#chains.get(index);
  }

  #ask(run: Run, backend: Backend): void {
    const { first, end, asked } = run;
    if (asked?.every((known, i) => known === this.#repetitions[first + i])) return;
    const known = this.#repetitions.slice(first, end);
    if (known.every((one) => one === undefined)) return;
    run.asked = known;
    for (let at = first; at < end; at++) this.#chains.delete(at);
    for (let from = first; from < end;) from = this.#makeLongest(from, end, backend);
  }

  /** From one step on. Returns the step behind it. */
  #makeLongest(from: number, end: number, backend: Backend): number {
    const known: Repetition[] = [];
    for (let at = from; at < end; at++) {
      const one = this.#repetitions[at];
      if (one?.how.run === undefined) break;
      known.push(one);
    }
    for (; known.length > 1; known.pop()) {
      const chain = backend.chain?.(known.map(({ how }) => how.run as BoundLayer));
      if (chain === undefined) continue;
      this.#add(from, [...known], chain);
      return from + known.length;
    }
    return from + 1;
  }

  #add(first: number, known: readonly Repetition[], made: BoundLayer): void {
    const steps = this.#steps.slice(first, first + known.length);
    const [head, tail] = [steps[0]!, steps.at(-1)!];
    const between = new Set(steps.slice(0, -1).map(({ outputs }) => outputs[0]!));
    const last = known.at(-1)!;
    const holds = (): boolean =>
      known.every((one, i) => one === this.#repetitions[first + i] && (one.how.holds?.() ?? true));
    this.#chains.set(first, {
      step: {
        ...tail,
        node: head.node,
        inputs: head.inputs,
        release: steps.flatMap(({ release }) => release).filter((slot) => !between.has(slot)),
      },
      repetition: {
        how: { ...last.how, holds, run: made as NonNullable<Repetition['how']['run']> },
        input: known[0]!.input,
        second: last.second,
      },
      next: first + known.length,
    });
  }
}

/** Whether a step writes blocks that the next one reads, as its input, and nobody else. */
function leadsTo(step: Step, next: Step): boolean {
  const [slot] = step.outputs;
  if (slot === undefined || step.layouts[0] === undefined || next.layouts[0] === undefined)
    return false;
  const others = [...next.inputs.slice(1), next.residual];
  const reads = next.inputs[0] === slot && !others.includes(slot) && next.release.includes(slot);
  // Only the last of a chain adds a residual.
  return reads && step.residual < 0 && isLayer(step) && isLayer(next);
}

/** What backends make chains of. */
const LAYERS = new Set(['Conv', 'MaxPool', 'AveragePool']);

function isLayer({ operator }: Step): boolean {
  return LAYERS.has(operator.opType);
}
