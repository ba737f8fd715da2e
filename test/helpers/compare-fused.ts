// Runs a model before and after rewriting, both in double on the reference backend.

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { Model } from '#convfuse/ir/model.js';
import { parseText, printNodes } from '#convfuse/ir/text.js';
import type { Site } from '#convfuse/rewrite/rewriter.js';
import type { Facts, Rule } from '#convfuse/rewrite/rule.js';
import { RULES } from '#convfuse/rules/index.js';
import { narrow } from '#convfuse/fold/stored.js';
import { GraphFacts } from '#convfuse/runtime/graph-facts.js';
import { Session } from '#convfuse/runtime/session.js';
import type { DataType } from '#convfuse/tensor/dtype.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { valuesOf } from './model-files.js';
import { rewriteChecked, type RewriteTextOptions } from './rewrite-text.js';

const backend = new ReferenceBackend('tests');

/** Facts as the library's own rewriting has them. */
export function inferredFacts(): Facts {
  return new GraphFacts(backend);
}

export interface Comparison {
  readonly nodes: string;
  readonly sites: readonly Site[];
  /** Largest difference of any output, relative to the largest element of that output. */
  readonly error: number;
  /** The same, relative to 1 where that element is smaller: what was cancelled sets no scale. */
  readonly errorFromOne: number;
  readonly model: Model;
}

/**
 * Rewrites a text and compares. The inputs are seeded; of unknown dimensions the first two are 2,
 * the others 5.
 */
export function compareFused(
  text: string,
  rules: readonly Rule[] = RULES,
  options: RewriteTextOptions = {},
): Comparison {
  const original = parseText(text, options);
  const model = parseText(text, options);
  const sites = rewriteChecked(model, rules, { facts: inferredFacts(), ...options });
  const before = run(original);
  const after = run(model);
  let [error, errorFromOne] = [0, 0];
  for (const [name, tensor] of Object.entries(before)) {
    error = Math.max(error, difference(tensor, after[name]!, 0));
    errorFromOne = Math.max(errorFromOne, difference(tensor, after[name]!, 1));
  }
  return { nodes: printNodes(model.graph), sites, error, errorFromOne, model };
}

function run(model: Model): Record<string, Tensor> {
  const session = Session.create(model, { backend, arithmetic: 'float64' });
  const random = new Random(1);
  const feeds: Record<string, Tensor> = {};
  for (const { name, type, shape } of session.inputMetadata) {
    const dims = shape!.map((dim, axis) => (typeof dim === 'number' ? dim : axis < 2 ? 2 : 5));
    const values = random.normals(dims.reduce((a, b) => a * b, 1));
    feeds[name] = { type: type!, dims, data: dataOf(type!, values) };
  }
  const outputs = session.runSync(feeds);
  session.dispose();
  return outputs as Record<string, Tensor>;
}

function dataOf(type: DataType, values: Float32Array): Tensor['data'] {
  if (type === 'float64') return Float64Array.from(values);
  if (type === 'bool') return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
  if (type === 'float32') return values;
  if (type === 'float16') return narrow(type, Float64Array.from(values));
  throw new Error(`no inputs of type ${type} here`);
}

/** @param least what the difference is at least relative to */
function difference(a: Tensor, b: Tensor, least: number): number {
  if (a.dims.join() !== b.dims.join()) return Infinity;
  const [left, right] = [valuesOf(a), valuesOf(b)];
  let largest = least;
  let worst = 0;
  left.forEach((value, at) => {
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    // Infinities are equal too.
    if (value === right[at]) return;
    const apart = Math.abs(value - right[at]!);
    worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart);
  });
  if (worst === 0) return 0;
  return worst / largest;
}
