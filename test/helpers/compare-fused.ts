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
   * any of some inputs. What one input cancels sets no scale by itself. Outputs in double are compared
   * on all of them; others on the first alone, since saturated layers amplify the rounding of weights.
   */
  readonly error: number;
  readonly model: Model;
}

/** How many inputs the scale of an output is taken from. */
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
  const before = run(original, INPUTS);
  const inDouble = Object.values(before[0]!).every(({ type }) => type === 'float64');
  const after = run(model, inDouble ? INPUTS : 1);
  const error = Math.max(
    0,
    ...Object.keys(after[0]!).map((name) =>
      difference(
        before.map((outputs) => outputs[name]!),
        after.map((outputs) => outputs[name]!),
      ),
    ),
  );
  return { nodes: printNodes(model.graph), sites, error, model };
}

/** Outputs for each of so many seeded inputs. */
function run(model: Model, inputs: number): Record<string, Tensor>[] {
  const session = Session.create(model, { backend, arithmetic: 'float64' });
  const runs = Array.from({ length: inputs }, (_, index) => {
    const random = new Random(index + 1);
    const feeds: Record<string, Tensor> = {};
    for (const { name, type, shape } of session.inputMetadata) {
      const dims = shape!.map((dim, axis) => (typeof dim === 'number' ? dim : axis < 2 ? 2 : 5));
      const values = random.normals(dims.reduce((a, b) => a * b, 1));
      feeds[name] = { type: type!, dims, data: dataOf(type!, values) };
    }
    return session.runSync(feeds) as Record<string, Tensor>;
  });
  session.dispose();
  return runs;
}

function dataOf(type: DataType, values: Float32Array): Tensor['data'] {
  if (type === 'float64') return Float64Array.from(values);
  if (type === 'bool') return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
  if (type === 'float32') return values;
  if (type === 'float16') return narrow(type, Float64Array.from(values));
  throw new Error(`no inputs of type ${type} here`);
}

/**
 * @param expected an output on each of some inputs
 * @param actual the rewritten one's, on the first of them or on all
 */
function difference(expected: readonly Tensor[], actual: readonly Tensor[]): number {
  const worst = Math.max(...actual.map((tensor, at) => distance(expected[at]!, tensor)));
  let scale = 0;
  for (const tensor of expected) {
    for (const value of valuesOf(tensor)) {
      if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
    }
  }
  return worst === 0 ? 0 : worst / scale;
}

function distance(expected: Tensor, actual: Tensor): number {
  if (expected.dims.join() !== actual.dims.join()) return Infinity;
  const [left, right] = [valuesOf(expected), valuesOf(actual)];
  let worst = 0;
  left.forEach((value, at) => {
    // Infinities are equal too.
    if (value === right[at]) return;
    const apart = Math.abs(value - right[at]!);
    worst = Number.isNaN(apart) ? Infinity : Math.max(worst, apart);
  });
  return worst;
}
