// The judge of random networks, judged: rules broken on purpose do not get past it in any type, and
// networks in which one input all but cancels an output raise no alarm.

import test from 'ava';
import fc from 'fast-check';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { ScaledRows, ScaleRowsRequest } from '#convfuse/backend/backend.js';
import { narrow, widen, type StoredArray } from '#convfuse/fold/stored.js';
import type { Editor } from '#convfuse/ir/editor.js';
import type { Node } from '#convfuse/ir/node.js';
import type { Rule } from '#convfuse/rewrite/rule.js';
import { RULES } from '#convfuse/rules/index.js';
import { GraphFacts } from '#convfuse/runtime/graph-facts.js';
import type { FloatType } from '#convfuse/tensor/dtype.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

import { FLOAT_NAMES, judgeNetwork, networks } from '../helpers/judge-network.js';
import { randomGraph } from '../helpers/random-graph.js';

/** Of fast-check, for each type. */
const SEEDS = [513117418, 1, 2];
const NETWORKS = 50;

/** In float16: the first input makes of its only output, mostly 1 to 70, next to nothing. */
const CANCELLING = randomGraph(772071402, { steps: 4, type: 'float16' });

/** Scales by a thousandth too much. */
class WrongScale extends ReferenceBackend {
  override scaleRows(request: ScaleRowsRequest): ScaledRows {
    return super.scaleRows({ ...request, scale: request.scale.map((s) => s * 1.001) });
  }
}

/** What a rule makes of the constants of the layers that it folds into. */
type Breaker = (numbers: Float64Array, dims: readonly number[], layer: Node) => Float64Array;

const BREAKERS: readonly (readonly [string, Breaker])[] = [
  [
    'the sign of the bias is flipped',
    (numbers, dims) => (dims.length === 1 ? numbers.map((x) => -x) : numbers),
  ],
  ['the groups are in another order', nextGroup],
];

function nextGroup(numbers: Float64Array, dims: readonly number[], layer: Node): Float64Array {
  const group = layer.is('Conv') ? (layer.attribute('group', 'int') ?? 1) : 1;
  const shift = dims.length < 3 ? 0 : numbers.length / group;
  return numbers.map((_, at) => numbers[(at + shift) % numbers.length]!);
}

function brokenRule(rule: Rule, breaker: Breaker): Rule {
  const broken = (tensor: Tensor, layer: Node | undefined): Tensor => {
    const type = tensor.type as FloatType;
    const numbers = widen(type, tensor.data as StoredArray);
    const data = layer === undefined ? numbers : breaker(numbers, tensor.dims, layer);
    return { ...tensor, data: narrow(type, data) };
  };
  const breaking = (edit: Editor): Editor =>
    new Proxy(edit, {
      get(target, key: keyof Editor) {
        if (key === 'constant') {
          return (...[graph, hint, tensor, layer]: Parameters<Editor['constant']>) =>
            target.constant(graph, hint, broken(tensor, layer), layer);
        }
        const member: unknown = target[key];
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  return { ...rule, rewrite: (match, edit, facts) => rule.rewrite(match, breaking(edit), facts) };
}

test('no false alarm where one input all but cancels an output', (t) => {
  t.notThrows(() => judgeNetwork(CANCELLING, 'float16'), CANCELLING);
});

for (const type of FLOAT_NAMES) {
  const texts = SEEDS.flatMap((seed) => fc.sample(networks(type), { seed, numRuns: NETWORKS }));

  test(`no false alarm: ${type}`, (t) => {
    for (const text of texts) t.notThrows(() => judgeNetwork(text, type), text);
  });

  test(`a scale off by a thousandth is noticed: ${type}`, (t) => {
    const options = { facts: new GraphFacts(new WrongScale('tests')) };
    const noticed = texts.filter((text) => !passes(() => judgeNetwork(text, type, RULES, options)));
    t.log(`in ${noticed.length} of ${texts.length} networks`);
    t.true(noticed.length > 0);
  });

  for (const [what, breaker] of BREAKERS) {
    test(`noticed when ${what}: ${type}`, (t) => {
      const rules = RULES.map((rule) =>
        rule.name === 'fuse-batch-norm-into-conv' ? brokenRule(rule, breaker) : rule,
      );
      const noticed = texts.filter((text) => !passes(() => judgeNetwork(text, type, rules)));
      t.log(`in ${noticed.length} of ${texts.length} networks`);
      t.true(noticed.length > 0);
    });
  }
}

function passes(judge: () => unknown): boolean {
  try {
    judge();
    return true;
  } catch {
    return false;
  }
}
