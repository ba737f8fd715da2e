import test from 'ava';

import { parseText } from '#convfuse/ir/text.js';
import { Inference } from '#convfuse/ops/infer.js';
import { operatorOf } from '#convfuse/ops/index.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';
import { runText, tensorOf, type Result } from '../helpers/run-text.js';

function einsum(equation: string, ...operands: Tensor[]): Result {
  const feeds = Object.fromEntries(operands.map((operand, i) => [`x${i}`, operand]));
  return runText(`y = Einsum<equation = "${equation}">(${Object.keys(feeds).join(', ')})`, feeds);
}

const values = (equation: string, ...operands: Tensor[]): readonly number[] =>
  einsum(equation, ...operands).values;

const matrix = tensorOf([2, 3]); // 0 1 2, 3 4 5
const square = tensorOf([2, 2], [1, 2, 3, 4]);
const vector = tensorOf([3], [1, 10, 100]);

test('one operand: sums, transpositions, diagonals', (t) => {
  t.deepEqual(values('ij->', matrix), [15]);
  t.deepEqual(values('ij->i', matrix), [3, 12]);
  t.deepEqual(values('ij->ji', matrix), [0, 3, 1, 4, 2, 5]);
  t.deepEqual(values('ji', matrix), [0, 3, 1, 4, 2, 5]);
  t.deepEqual(values('ii->i', square), [1, 4]);
  t.deepEqual(values('ii', square), [5]);
  t.deepEqual(einsum('', tensorOf([], [7])), { type: 'float32', dims: [], values: [7] });
});

test('several operands', (t) => {
  t.deepEqual(einsum('ij,j->i', matrix, vector), {
    type: 'float32',
    dims: [2],
    values: [210, 543],
  });
  t.deepEqual(values('ik, kj', square, matrix), [6, 9, 12, 12, 19, 26]);
  t.deepEqual(values('i,j->ij', tensorOf([2], [1, 2]), vector), [1, 10, 100, 2, 20, 200]);
  t.deepEqual(values('i,i', vector, vector), [10101]);
  // (1 2, 3 4) times (0 1 2, 3 4 5) times (1, 10, 100), from the left
  t.deepEqual(values('ab,bc,c->a', square, matrix, vector), [1296, 2802]);
  t.deepEqual(values('ij,kl->', matrix, square), [150]);
  t.deepEqual(values('iij,jk->k', tensorOf([2, 2, 2]), square), [30, 44]);
  t.deepEqual(values('i,->i', vector, tensorOf([], [3])), [3, 30, 300]);
});

test('an ellipsis stands for axes that are broadcast from the end', (t) => {
  const stack = tensorOf([2, 1, 2], [1, 2, 3, 4]);
  t.deepEqual(einsum('...ij->...ji', stack).dims, [2, 2, 1]);
  t.deepEqual(einsum('...i,...i', stack, tensorOf([3, 2], [1, 0, 0, 1, 1, 1])), {
    type: 'float32',
    dims: [2, 3],
    values: [1, 2, 3, 3, 4, 7],
  });
  t.deepEqual(values('i...->...', square), [4, 6]);
  t.deepEqual(values('b...a->...ab', tensorOf([1, 2])), [0, 1]);
});

test('axes of 1 are repeated, empty ones add up to 0', (t) => {
  t.deepEqual(values('ij,j->i', matrix, tensorOf([1], [2])), [6, 24]);
  t.deepEqual(values('ij->i', tensorOf([2, 0])), [0, 0]);
  t.deepEqual(einsum('ij,jk', tensorOf([0, 2]), square).dims, [0, 2]);
});

test('whole numbers wrap, and floating-point sums are rounded once', (t) => {
  const large = tensorOf([2], [2 ** 16 + 1, 1], 'int32');
  t.deepEqual(values('i,i', large, large), [2 ** 17 + 2]);
  const wide = tensorOf([2], [2 ** 40, 3], 'int64');
  t.deepEqual(values('i,i->', tensorOf([2], [2 ** 10, 5], 'int64'), wide), [2 ** 50 + 15]);
  t.deepEqual(values('i->', tensorOf([3], [2 ** 24, 1, 1])), [2 ** 24 + 2]);
});

test('equations that say nothing', (t) => {
  const refused = (equation: string, ...operands: Tensor[]) =>
    t.throws(() => einsum(equation, ...operands), { code: 'ERR_MODEL' }, equation);
  refused('ij,j', matrix);
  refused('ijk', matrix);
  refused('i', matrix);
  refused('i1', matrix);
  refused('ij->k', matrix);
  refused('ij->ii', matrix);
  refused('ij->i->j', matrix);
  refused('...->', matrix);
  refused('i...j...', matrix);
  refused('ijk...', matrix);
  refused('ii', matrix);
  refused('i,i', vector, tensorOf([3], [1, 2, 3], 'int32'));
  t.throws(() => einsum('i,i', vector, tensorOf([2])), { code: 'ERR_ARGUMENT' });
  t.throws(() => einsum('i', tensorOf([1], [1], 'bool')), { code: 'ERR_UNSUPPORTED' });
});

test('dimensions that are known follow from the equation, and the work from all of them', (t) => {
  const text = (b: string) =>
    `x: input float[N, 3, 4]\ny: input float[${b}]\nz = Einsum<equation = "b...i,ij->bj...">(x, y)`;
  const model = parseText(text('4, 5'));
  const facts = new Inference().facts(model.graph.outputs[0]!);
  t.deepEqual(facts.dims, ['N', 5, 3]);
  const node = model.graph.first!;
  const known = (dims: number[]) => ({ type: 'float32' as const, dims });
  t.is(operatorOf(node)!.macs!(node, [known([2, 3, 4]), known([4, 5])], []), 2 * 3 * 4 * 5);
});
