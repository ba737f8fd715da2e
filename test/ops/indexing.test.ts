// Operators whose indices name elements one by one: GatherElements, GatherND, Scatter,
// ScatterElements, ScatterND.

import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import type { Model } from '#convfuse/ir/model.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import type { DataType } from '#convfuse/tensor/dtype.js';
import { toBfloat16, toFloat16 } from '#convfuse/tensor/half.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { runText, tensorOf } from '../helpers/run-text.js';

const int64 = (dims: number[], ...values: number[]): Tensor => tensorOf(dims, values, 'int64');

test('GatherElements', (t) => {
  const x = tensorOf([2, 3]);
  const i = int64([2, 2], 2, -3, 1, 1);
  t.deepEqual(runText('y = GatherElements<axis = -1>(x, i)', { x, i }), {
    type: 'float32',
    dims: [2, 2],
    values: [2, 0, 4, 4],
  });
  const down = { x, i: tensorOf([1, 3], [1, 0, -1], 'int32') };
  t.deepEqual(runText('y = GatherElements(x, i)', down).values, [3, 1, 5]);
  t.deepEqual(runText('y = GatherElements(x, i)', { x, i: int64([0, 3]) }).dims, [0, 3]);
});

test('GatherElements refuses what fits nowhere', (t) => {
  const gather = (x: Tensor, i: Tensor) => () => runText('y = GatherElements(x, i)', { x, i });
  const x = tensorOf([2, 3]);
  t.throws(gather(x, int64([1, 1], 2)), { code: 'ERR_ARGUMENT' });
  t.throws(gather(x, int64([1, 1], -3)), { code: 'ERR_ARGUMENT' });
  t.throws(gather(x, int64([1], 0)), { code: 'ERR_MODEL' });
  t.throws(gather(x, int64([1, 4], 0, 0, 0, 0)), { code: 'ERR_MODEL' });
  t.throws(gather(x, tensorOf([1, 1], [0])), { code: 'ERR_MODEL' });
  t.throws(gather(tensorOf([]), int64([], 0)), { code: 'ERR_MODEL' });
});

test('GatherND: elements, parts, and parts of each image of a batch', (t) => {
  const x = tensorOf([2, 2, 2]);
  const gather = (i: Tensor, attributes = '') =>
    runText(`y = GatherND${attributes}(x, i)`, { x, i });
  t.deepEqual(gather(int64([2, 3], 0, 0, 1, -1, 1, 0)).values, [1, 6]);
  t.deepEqual(gather(int64([2, 1, 2], 0, 1, 1, 0)), {
    type: 'float32',
    dims: [2, 1, 2],
    values: [2, 3, 4, 5],
  });
  const batched = gather(int64([2, 1], 1, 0), '<batch_dims = 1>');
  t.deepEqual(batched, { type: 'float32', dims: [2, 2], values: [2, 3, 4, 5] });
  t.deepEqual(gather(int64([1], 1)).dims, [2, 2]);
  t.deepEqual(gather(int64([2, 0])).dims, [2, 2, 2, 2]);
  t.throws(() => gather(int64([1, 1], 2)), { code: 'ERR_ARGUMENT' });
  t.throws(() => gather(int64([1, 4], 0, 0, 0, 0)), { code: 'ERR_MODEL' });
  t.throws(() => gather(int64([], 0)), { code: 'ERR_MODEL' });
  t.throws(() => gather(int64([1, 1], 0), '<batch_dims = 1>'), { code: 'ERR_MODEL' });
  t.throws(() => gather(int64([2, 1], 0, 0), '<batch_dims = 2>'), { code: 'ERR_MODEL' });
  t.throws(() => gather(int64([2, 1], 0, 0), '<batch_dims = -1>'), { code: 'ERR_MODEL' });
});

test('ScatterElements, and Scatter of old files', (t) => {
  const x = tensorOf([3, 3], [0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const i = int64([2, 3], 1, 0, 2, 0, 2, -2);
  const u = tensorOf([2, 3], [1, 2, 3, 4, 5, 6]);
  const wanted = [4, 2, 0, 1, 0, 6, 0, 5, 3];
  t.deepEqual(runText('y = ScatterElements(x, i, u)', { x, i, u }).values, wanted);
  t.deepEqual(runText('y = Scatter(x, i, u)', { x, i, u }, { opset: 9 }).values, wanted);
  t.throws(() => runText('y = Scatter(x, i, u)', { x, i, u }, { opset: 11 }), {
    code: 'ERR_UNSUPPORTED',
  });
  const along = { x: tensorOf([1, 3]), i: int64([1, 2], -1, -1), u: tensorOf([1, 2], [7, 8]) };
  // The last update stays; the input does not change.
  t.deepEqual(runText('y = ScatterElements<axis = 1>(x, i, u)', along).values, [0, 1, 8]);
  t.deepEqual(along.x, tensorOf([1, 3]));
});

/** What becomes of 3, 2, 1 where 2 and 5 go to the first element, of any type. */
function reduce(reduction: string, type: DataType, updates = [2, 5], x = [3, 2, 1]): number[] {
  const feeds = {
    x: tensorOf([3], x, type),
    i: int64([2], 0, 0),
    u: tensorOf([2], updates, type),
  };
  const text = `y = ScatterElements<reduction = "${reduction}">(x, i, u)`;
  return [...runText(text, feeds, { opset: 18 }).values];
}

test('reductions of updates to one element', (t) => {
  for (const type of ['float32', 'float64', 'int8', 'uint32', 'int64', 'uint64'] as const) {
    t.deepEqual(reduce('none', type), [5, 2, 1], type);
    t.deepEqual(reduce('add', type), [10, 2, 1], type);
    t.deepEqual(reduce('mul', type), [30, 2, 1], type);
    t.deepEqual(reduce('max', type), [5, 2, 1], type);
    t.deepEqual(reduce('min', type), [2, 2, 1], type);
  }
  t.deepEqual(reduce('add', 'bool', [1, 1], [0, 0, 1]), [1, 0, 1]);
  t.deepEqual(reduce('mul', 'bool', [1, 0], [1, 0, 1]), [0, 0, 1]);
  t.deepEqual(reduce('add', 'uint8', [200, 100]), [47, 2, 1]); // 303 - 256
  t.deepEqual(reduce('mul', 'int32', [65536, 65536], [3, 0, 0]), [0, 0, 0]); // 3 * 2^32
  t.deepEqual(reduce('max', 'float32', [NaN, 5]), [NaN, 2, 1]);
  t.throws(() => reduce('sum', 'float32'), { code: 'ERR_MODEL' });
});

test('ScatterND', (t) => {
  const x = tensorOf([3, 2]);
  const scatter = (i: Tensor, u: Tensor, reduction = 'none') =>
    runText(`y = ScatterND<reduction = "${reduction}">(x, i, u)`, { x, i, u }, { opset: 18 })
      .values;
  const rows = int64([2, 1], 2, 0);
  t.deepEqual(scatter(rows, tensorOf([2, 2], [6, 7, 8, 9])), [8, 9, 2, 3, 6, 7]);
  t.deepEqual(scatter(int64([1, 2], -1, -2), tensorOf([1], [9])), [0, 1, 2, 3, 9, 5]);
  const twice = int64([2, 1], 1, 1);
  const updates = tensorOf([2, 2], [4, 1, 5, 2]);
  t.deepEqual(scatter(twice, updates), [0, 1, 5, 2, 4, 5]);
  t.deepEqual(scatter(twice, updates, 'add'), [0, 1, 11, 6, 4, 5]);
  t.deepEqual(scatter(twice, updates, 'mul'), [0, 1, 40, 6, 4, 5]);
  t.deepEqual(scatter(twice, updates, 'max'), [0, 1, 5, 3, 4, 5]);
  t.deepEqual(scatter(twice, updates, 'min'), [0, 1, 2, 1, 4, 5]);
  t.deepEqual(scatter(int64([0, 1]), tensorOf([0, 2])), [0, 1, 2, 3, 4, 5]);
  t.throws(() => scatter(rows, tensorOf([2])), { code: 'ERR_MODEL' });
  t.throws(() => scatter(rows, tensorOf([2, 2], [1, 1, 1, 1], 'int32')), { code: 'ERR_MODEL' });
  t.throws(() => scatter(int64([1, 1], 3), tensorOf([1, 2])), { code: 'ERR_ARGUMENT' });
});

test('strings move like other elements; there is nothing to add up', (t) => {
  const x: Tensor = { type: 'string', dims: [2], data: ['a', 'b'] };
  const u: Tensor = { type: 'string', dims: [1], data: ['c'] };
  const i = int64([1], -1);
  const gather = parseText('x: input string[2]\ni: input int64[1]\ny = GatherElements(x, i)');
  const scatter = (reduction: string) =>
    parseText(
      'x: input string[2]\ni: input int64[1]\nu: input string[1]\n' +
        `y = ScatterElements<reduction = "${reduction}">(x, i, u)`,
    );
  const run = (model: Model, feeds: Record<string, Tensor>) =>
    Session.create(model, { backend: new ReferenceBackend('tests') }).runSync(feeds)['y']!.data;
  t.deepEqual(run(gather, { x, i }), ['b']);
  t.deepEqual(run(scatter('none'), { x, i, u }), ['a', 'c']);
  t.throws(() => run(scatter('add'), { x, i, u }), { code: 'ERR_UNSUPPORTED' });
});

test('16-bit floats are rounded once, behind the last update', (t) => {
  for (const [type, bits, least] of [
    ['float16', toFloat16, 2 ** -11],
    ['bfloat16', toBfloat16, 2 ** -8],
  ] as const) {
    const half = (...values: number[]): Tensor => tensorOf([values.length], values.map(bits), type);
    const feeds = { x: half(1, 3), i: int64([2], 0, 0), u: half(least, least) };
    const y = runText('y = ScatterElements<reduction = "add">(x, i, u)', feeds);
    t.deepEqual(y, { type, dims: [2], values: [1 + 2 * least, 3] });
  }
});
