import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { customText, isQuantizer, nodeText } from './conditions.js';
import type { Reason, Refusal, Rewritten, Rule, SiteCheck } from './rule.js';

/** One place where a rule could apply, and the outcome. */
export interface Site {
  readonly rule: string;
  /** The label, in the original, of the node the verdict is about. */
  readonly node: string;
  /** The label of the node that it was folded into. */
  readonly into: string | undefined;
  readonly verdict: 'fused' | 'skipped';
  readonly reason: Reason | undefined;
  readonly detail: string | undefined;
  /** Rewritten.check of a fused site; undefined where the rule has none. */
  readonly check: ((seed: number) => SiteCheck) | undefined;
}

interface Fused {
  readonly rule: Rule;
  readonly root: Node;
  readonly result: Rewritten;
}

/** Collects what rules fused and refused, and makes one verdict per root of it. */
export class Verdicts {
  readonly #table: readonly Rule[];
  readonly #fused: Fused[] = [];
  /** Nodes that rewrites removed besides their roots, and the nodes they went into. */
  readonly #taken = new Map<Node, Node>();
  /** By root, then by rule. A later refusal replaces an earlier one. */
  readonly #refused = new Map<Node, Map<Rule, Refusal>>();
  /** The positions and labels of nodes in the original model, which are what users know. */
  readonly #places = new Map<Node, { readonly order: number; readonly label: string }>();

  /** @param table all rules, including those that are switched off */
  constructor(model: Model, table: readonly Rule[]) {
    this.#table = table;
    for (const graph of model.graphs()) {
      for (const node of graph.nodes()) {
        this.#places.set(node, { order: this.#places.size, label: node.label });
      }
    }
  }

  fused(rule: Rule, root: Node, result: Rewritten): void {
    this.#fused.push({ rule, root, result });
    this.#refused.delete(root);
    const { taken = [], into, check } = result;
    for (const node of taken) {
      this.#refused.delete(node);
      this.#taken.set(node, into);
      if (node.opType !== 'BatchNormalization') continue;
      this.#fused.push({
        rule,
        root: node,
        result: check === undefined ? { into } : { into, check },
      });
    }
    // A new node gets the position of the root that it replaces.
    if (!this.#places.has(into)) {
      this.#places.set(into, { order: this.#place(root).order, label: into.label });
    }
  }

  refused(rule: Rule, root: Node, refusal: Refusal | undefined): void {
    const byRule = this.#refused.get(root);
    if (refusal === undefined) byRule?.delete(rule);
    else if (byRule === undefined) this.#refused.set(root, new Map([[rule, refusal]]));
    else byRule.set(rule, refusal);
  }

  /** The verdicts, once no rule changes the model any more. */
  sites(model: Model, active: readonly Rule[]): Site[] {
    const placed: [number, Site][] = [];
    const roots = new Set<Node>();
    const into = new Map(this.#taken);
    for (const { root, result } of this.#fused) into.set(root, result.into);
    for (const { rule, root, result } of this.#fused) {
      roots.add(root);
      const { detail, check } = result;
      const { order, label } = this.#place(root);
      const taker = this.#place(finalNode(result.into, into)).label;
      const site = { rule: rule.name, node: label, into: taker };
      const rest = { verdict: 'fused', reason: undefined, detail, check } as const;
      placed.push([order, { ...site, ...rest }]);
    }
    for (const [root, byRule] of this.#refused) {
      const verdict = bestOf(this.#table, byRule);
      if (verdict === undefined || root.removed || roots.has(root)) continue;
      roots.add(root);
      const { order, label } = this.#place(root);
      placed.push([order, skipped(label, ...verdict)]);
    }
    for (const node of batchNorms(model)) {
      const rule = this.#table.find(
        ({ roots: at, optIn }) => optIn === undefined && at.includes('BatchNormalization'),
      );
      if (rule === undefined || roots.has(node)) continue;
      const on = active.some((one) => one.roots.includes('BatchNormalization'));
      const { order, label } = this.#place(node);
      placed.push([order, skipped(label, rule, explainBatchNorm(node, on))]);
    }
    return placed.sort(([a], [b]) => a - b).map(([, site]) => site);
  }

  #place(node: Node): { readonly order: number; readonly label: string } {
    return this.#places.get(node) ?? { order: this.#places.size, label: node.label };
  }
}

/**
 * The node that finally holds a result: the node that a root was folded into may have been folded
 * itself.
 */
function finalNode(node: Node, into: ReadonlyMap<Node, Node>): Node {
  let at = node;
  while (at.removed) {
    const next = into.get(at);
    if (next === undefined || next === at) break;
    at = next;
  }
  return at;
}

/**
 * The refusal to report: of the rule that got furthest, which is one refused by the cost model or
 * the growth limit (checked last); else of the first rule that refused for more than a missing
 * pattern; else the first.
 */
function bestOf(
  table: readonly Rule[],
  byRule: ReadonlyMap<Rule, Refusal>,
): [Rule, Refusal] | undefined {
  let best: [Rule, Refusal] | undefined;
  for (const rule of table) {
    const refusal = byRule.get(rule);
    if (refusal === undefined) continue;
    if (refusal.reason === 'cost' || refusal.reason === 'growth') return [rule, refusal];
    if (best === undefined || (best[1].reason === 'pattern' && refusal.reason !== 'pattern')) {
      best = [rule, refusal];
    }
  }
  return best;
}

function skipped(node: string, rule: Rule, { reason, detail }: Refusal): Site {
  return {
    rule: rule.name,
    node,
    into: undefined,
    verdict: 'skipped',
    reason,
    detail,
    check: undefined,
  };
}

function* batchNorms(model: Model): Generator<Node> {
  for (const graph of model.graphs()) {
    for (const node of graph.nodes()) if (node.opType === 'BatchNormalization') yield node;
  }
}

/** Says why a batch norm that no rule matched was left. */
function explainBatchNorm(node: Node, active: boolean): Refusal {
  if (!node.is('BatchNormalization')) return { reason: 'custom-op', detail: customText(node) };
  if (!active) return { reason: 'pattern', detail: 'no rule for it is switched on' };
  const value = node.optionalInput(0);
  const producer = value?.producer;
  if (producer === undefined) {
    const detail =
      value === undefined ? 'it has no input' : `no node makes its input ${value.name}`;
    return { reason: 'pattern', detail };
  }
  const detail = `input comes from ${nodeText(producer)}`;
  if (isQuantizer(producer)) return { reason: 'quantized', detail };
  const layer = /conv|gemm|matmul/i.test(producer.opType);
  return { reason: layer && !producer.is(producer.opType) ? 'custom-op' : 'pattern', detail };
}
