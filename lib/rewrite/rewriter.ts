import { argumentError, ConvfuseError } from '../errors.js';
import { Editor } from '../ir/editor.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { GrowthBudget } from './growth.js';
import { Verdicts, type Site } from './report.js';
import { isRefusal, type Facts, type Match, type Refusal, type Rewritten } from './rule.js';
import type { Rule } from './rule.js';
import { chooseRules, type RuleChoice } from './rule-table.js';
import { Worklist } from './worklist.js';

export type { Site } from './report.js';

export interface RewriteOptions extends RuleChoice {
  readonly facts: Facts;
  /** Whether copied weights may grow the file beyond GROWTH_LIMIT. */
  readonly allowGrowth?: boolean | undefined;
  /** Bytes of the original file, for that limit. Default: those of its constants. */
  readonly bytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Called now and then: `done` of about `total` attempts to match were made. Rewrites add to both.
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called after every rewrite. Tests check the graph there. */
  readonly onRewrite?: ((rule: Rule) => void) | undefined;
}

/**
 * Applies the rules of a table to a whole model until none finds anything more to do. Linear in the
 * nodes where nothing matches.
 *
 * @returns a verdict for every site, in the order of the nodes in the original
 * @throws ConvfuseError ERR_ARGUMENT (table or names), ERR_LIMIT (rules that never come to an end),
 * whatever a rule throws, with its name, and the reason of an aborted signal
 */
export function rewriteModel(
  model: Model,
  table: readonly Rule[],
  options: RewriteOptions,
): Site[] {
  const rewriter = new Rewriter(model, table, options);
  while (rewriter.work(Infinity));
  return rewriter.sites();
}

/**
 * rewriteModel() that yields to the event loop now and then, so that an abort signal takes effect.
 */
export async function rewriteModelAsync(
  model: Model,
  table: readonly Rule[],
  options: RewriteOptions,
): Promise<Site[]> {
  const rewriter = new Rewriter(model, table, options);
  while (rewriter.work(SLICE)) await new Promise(setImmediate);
  return rewriter.sites();
}

/** Milliseconds of work between two yields to the event loop. */
const SLICE = 20;

/** Attempts between two readings of the clock and the signal. */
const STRIDE = 64;

/**
 * Rewrites allowed per attempt of the first pass. More mean that rules undo each other's work; real
 * models need less than one.
 */
const ENDLESS = 8;

class Rewriter {
  readonly #model: Model;
  readonly #options: RewriteOptions;
  readonly #rules: readonly Rule[];
  readonly #edit: Editor;
  readonly #budget: GrowthBudget;
  readonly #verdicts: Verdicts;
  readonly #worklist: Worklist;
  /** Refusals that followed from arithmetic on constants, with the inputs of that arithmetic. */
  readonly #numeric = new Map<Rule, WeakMap<Node, { inputs: unknown[]; refusal: Refusal }>>();
  #done = 0;
  #total: number;
  #rewrites = 0;
  readonly #maxRewrites: number;
  #changedSincePass = false;

  constructor(model: Model, table: readonly Rule[], options: RewriteOptions) {
    this.#model = model;
    this.#options = options;
    this.#rules = chooseRules(table, options);
    this.#edit = new Editor(model);
    const { bytes, allowGrowth = false } = options;
    this.#budget = new GrowthBudget(this.#edit, model, bytes, allowGrowth);
    this.#verdicts = new Verdicts(model, table);
    this.#worklist = new Worklist(this.#rules);
    this.#total = this.#worklist.addAll(model);
    this.#maxRewrites = ENDLESS * this.#total + 1000;
  }

  /** Works for about `milliseconds`. @returns whether there is more to do */
  work(milliseconds: number): boolean {
    const { signal, onProgress } = this.#options;
    const end = performance.now() + milliseconds;
    for (;;) {
      signal?.throwIfAborted();
      for (let i = 0; i < STRIDE; i++) {
        const next = this.#worklist.next();
        if (next !== undefined) {
          this.#done += 1;
          this.#look(next.rule, next.root);
        } else if (!this.#nextPass()) {
          onProgress?.(this.#total, this.#total);
          return false;
        }
      }
      if (performance.now() >= end) break;
    }
    onProgress?.(this.#done, this.#total);
    return true;
  }

  sites(): Site[] {
    return this.#verdicts.sites(this.#model, this.#rules);
  }

  /**
   * After a pass with changes, looks at every node once more: rules may depend on distant nodes,
   * and the verdicts must be those on the final graph.
   */
  #nextPass(): boolean {
    this.#edit.sweep();
    this.#edit.takeTouched();
    if (!this.#changedSincePass) return false;
    this.#changedSincePass = false;
    this.#total = this.#done + this.#worklist.addAll(this.#model);
    return true;
  }

  #look(rule: Rule, root: Node): void {
    const match = this.#call(rule, root, () => rule.match(root, this.#options.facts));
    if (match === undefined) {
      this.#verdicts.refused(rule, root, undefined);
      return;
    }
    const near = surroundings(match);
    const result = this.#attempt(rule, root, match);
    if (isRefusal(result)) this.#verdicts.refused(rule, root, result);
    else this.#rewritten(rule, root, result, near);
  }

  #attempt(rule: Rule, root: Node, match: Match): Rewritten | Refusal {
    const { facts } = this.#options;
    for (const condition of rule.conditions) {
      const refusal = this.#call(rule, root, () => condition.check(match, facts));
      if (refusal !== undefined) return refusal;
    }
    const growth = this.#budget.check(match);
    if (growth !== undefined) return growth;
    const inputs = numericInputs(match);
    const known = this.#numeric.get(rule)?.get(root);
    if (known !== undefined && sameItems(known.inputs, inputs)) return known.refusal;
    const result = this.#call(rule, root, () => {
      const value = rule.rewrite(match, this.#edit, facts);
      if (typeof value === 'object' && value !== null) return value;
      throw argumentError('a Rewritten or a Refusal', 'the result of rewrite', value);
    });
    if (isRefusal(result) && isNumeric(result)) {
      const byRoot = this.#numeric.get(rule) ?? new WeakMap<Node, never>();
      this.#numeric.set(rule, byRoot.set(root, { inputs, refusal: result }));
    }
    return result;
  }

  #rewritten(rule: Rule, root: Node, result: Rewritten, near: ReadonlySet<Value>): void {
    this.#changedSincePass = true;
    this.#rewrites += 1;
    if (this.#rewrites > this.#maxRewrites) {
      const message = `rule ${rule.name} at ${root.label}: still changing the model after ${this.#rewrites} rewrites`;
      throw new ConvfuseError('ERR_LIMIT', message);
    }
    this.#verdicts.fused(rule, root, result);
    this.#options.onRewrite?.(rule);
    const values = new Set(near);
    for (const node of this.#edit.takeTouched()) {
      this.#worklist.add(node);
      for (const value of [...node.inputs, ...node.outputs]) if (value) values.add(value);
    }
    this.#worklist.addNear(values);
  }

  /** Runs a part of a rule, and adds the rule and the node to the message of what it throws. */
  #call<T>(rule: Rule, root: Node, part: () => T): T {
    try {
      return part();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const code = error instanceof ConvfuseError ? error.code : 'ERR_ARGUMENT';
      const message = `rule ${rule.name} at ${root.label}: ${text}`;
      throw new ConvfuseError(code, message, { cause: error });
    }
  }
}

/** The values around a match, some of which the rewrite may remove. */
function surroundings({ nodes, into }: Match): ReadonlySet<Value> {
  const values = new Set<Value>();
  for (const node of [...nodes, into]) {
    for (const value of [...node.inputs, ...node.outputs]) if (value) values.add(value);
  }
  return values;
}

/** Whether a refusal depends on nothing but attributes and constants, which are never edited. */
function isNumeric({ reason }: Refusal): boolean {
  return reason === 'non-finite' || reason === 'precision-loss';
}

function numericInputs({ nodes, into, parameters }: Match): unknown[] {
  return [
    into,
    into.attributes,
    ...nodes.flatMap((node) => [node, node.attributes]),
    ...parameters,
  ];
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
