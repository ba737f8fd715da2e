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
  /**
   * Largest difference of any output, relative to the scale of that output: its largest element on
   * any of the inputs. What one input cancels sets no scale by itself.
   */
  readonly error: number;
  readonly model: Model;
}

/** How many inputs each comparison runs on: all are compared, and the scale is that of all. */
const INPUTS = 8;

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
  const [before, after] = [runAll(original), runAll(model)];
  const error = Math.max(0, ...before.map((outputs, at) => difference(outputs, after[at]!)));
  return { nodes: printNodes(model.graph), sites, error, model };
}

/** Each output, and in it what every input led to. */
function runAll(model: Model): Tensor[][] {
  const session = Session.create(model, { backend, arithmetic: 'float64' });
  const runs = Array.from({ length: INPUTS }, (_, index) => {
    const random = new Random(index + 1);
    const feeds: Record<string, Tensor> = {};
    for (const { name, type, shape } of session.inputMetadata) {
      const dims = shape!.map((dim, axis) => (typeof dim === 'number' ? dim : axis < 2 ? 2 : 5));
      const values = random.normals(dims.reduce((a, b) => a * b, 1));
      feeds[name] = { type: type!, dims, data: dataOf(type!, values) };
    }
    return session.runSync(feeds);
  });
  session.dispose();
  return model.graph.outputs.map(({ name }) => runs.map((outputs) => outputs[name]!));
}

function dataOf(type: DataType, values: Float32Array): Tensor['data'] {
  if (type === 'float64') return Float64Array.from(values);
  if (type === 'bool') return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
  if (type === 'float32') return values;
  if (type === 'float16') return narrow(type, Float64Array.from(values));
  throw new Error(`no inputs of type ${type} here`);
}

/** Of what an output was on all inputs, from what it is now. */
function difference(expected: readonly Tensor[], actual: readonly Tensor[]): number {
  let [scale, worst] = [0, 0];
  expected.forEach((tensor, input) => {
    if (tensor.dims.join() !== actual[input]!.dims.join()) worst = Infinity;
    const [left, right] = [valuesOf(tensor), valuesOf(actual[input]!)];
    left.forEach((value, at) => {
      if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
      // Infinities are equal too.
      if (value === right[at]) return;
      const apart = Math.abs(value - right[at]!);
      worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart);
    });
  });
  return worst === 0 ? 0 : worst / scale;
}
