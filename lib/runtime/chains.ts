import type { Backend, BoundLayer } from '../backend/backend.js';
import { elementCount } from '../tensor/shape.js';
import type { Step } from './plan.js';
import type { Repetition } from './repetition.js';

/**
 * Several steps that the backend runs as one; their intermediate results are never stored whole.
 */
export interface Chain {
  /** A step with the input of the chain's first step and the outputs and residual of its last. */
  readonly step: Step;
  readonly repetition: Repetition;
  /** Index of the step behind the chain. */
  readonly next: number;
}

/** Steps [first, end): each is the only reader of the blocked output of the one before it. */
interface Run {
  readonly first: number;
  readonly end: number;
  /** The repetitions of its steps when the backend was last asked for chains. */
  asked: readonly (Repetition | undefined)[] | undefined;
}

/**
 * Steps of a plan that the backend can run as one call. A chain is made from the repetitions of its
 * steps, so each of them must have run on its own once.
 */
export class Chains {
  readonly #steps: readonly Step[];
  readonly #repetitions: readonly (Repetition | undefined)[];
  /** Runs by the index of their first step. */
  readonly #runs = new Map<number, Run>();
  readonly #chains = new Map<number, Chain>();

  /** @param repetitions by step; filled in while the plan runs */
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

  /** The chain that begins at a step; undefined until its steps have run on their own. */
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
    for (const { from, known: some, chain } of bestChains(known, backend)) {
      this.#add(first + from, some, chain);
    }
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

/** Steps of a run that become one. */
interface Link {
  readonly from: number;
  readonly known: readonly Repetition[];
  readonly chain: BoundLayer;
}

/** What a launch costs: as much as moving so many elements. */
const LAUNCH_ELEMENTS = 1 << 14;

/**
 * The chains, of all that the backend can make, between which the fewest elements are stored: where
 * a cache has no room for a whole run, it is cut at its smallest values.
 */
function bestChains(known: readonly (Repetition | undefined)[], backend: Backend): Link[] {
  const whole = chainOf(known, backend);
  if (whole !== undefined) return [whole];
  // By step: what it costs to run from there to the end, and the chains that do.
  const best: { readonly cost: number; readonly links: readonly Link[] }[] = [];
  best[known.length] = { cost: 0, links: [] };
  for (let from = known.length - 1; from >= 0; from--) {
    const after = (end: number, link?: Link): (typeof best)[number] => ({
      cost: stored(known, end) + LAUNCH_ELEMENTS + best[end]!.cost,
      links: link === undefined ? best[end]!.links : [link, ...best[end]!.links],
    });
    best[from] = after(from + 1);
    for (let end = from + 2; end <= known.length; end++) {
      const link = chainOf(known.slice(from, end), backend);
      // What has no room, or computes no bands, has none with another layer either.
      if (link === undefined) break;
      const longer = after(end, { ...link, from });
      if (longer.cost <= best[from].cost) best[from] = longer;
    }
  }
  return [...best[0]!.links];
}

function chainOf(known: readonly (Repetition | undefined)[], backend: Backend): Link | undefined {
  const some = known.filter((one) => one?.how.run !== undefined) as Repetition[];
  if (some.length < known.length) return undefined;
  const chain = backend.chain?.(some.map(({ how }) => how.run as BoundLayer));
  return chain && { from: 0, known: some, chain };
}

/** Elements of the value that lies between the steps before `end` and those from there on. */
function stored(known: readonly (Repetition | undefined)[], end: number): number {
  return end < known.length ? elementCount(known[end - 1]?.how.dims ?? []) : 0;
}

/** Whether `next` takes the blocked output of `step` as its input 0 and nothing else reads it. */
function leadsTo(step: Step, next: Step): boolean {
  const [slot] = step.outputs;
  if (slot === undefined || step.layouts[0] === undefined || next.layouts[0] === undefined)
    return false;
  const others = [...next.inputs.slice(1), next.residual];
  const reads = next.inputs[0] === slot && !others.includes(slot) && next.release.includes(slot);
  // Only the last of a chain adds a residual.
  return reads && step.residual < 0 && isLayer(step) && isLayer(next);
}

/** Operators whose steps backends can join to chains. */
const LAYERS = new Set(['Conv', 'MaxPool', 'AveragePool']);

function isLayer({ operator }: Step): boolean {
  return LAYERS.has(operator.opType);
}
