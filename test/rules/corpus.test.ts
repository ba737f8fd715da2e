// The corpus of peers' cases and real models: what is left after all rules, and site checks.

import { readFileSync } from 'node:fs';

import test from 'ava';

import { loadModel } from '#convfuse/api/load.js';
import type { Model } from '#convfuse/ir/model.js';
import { constantOfValue } from '#convfuse/ir/view.js';
import { rewriteModel, type Site } from '#convfuse/rewrite/rewriter.js';
import { RULES } from '#convfuse/rules/index.js';

import { inferredFacts } from '../helpers/compare-fused.js';
import { corpus } from '../helpers/corpus.js';

async function fuse(file: string, constantInitializers = false) {
  const model = await loadModel(file);
  model.constantInitializers = constantInitializers;
  const sites = rewriteModel(model, RULES, { facts: inferredFacts() });
  return { model, sites };
}

function count(model: Model, opType: string): number {
  let found = 0;
  for (const graph of model.graphs()) {
    for (const node of graph.nodes()) if (node.opType === opType) found += 1;
  }
  return found;
}

function worstOf(sites: readonly Site[]): number {
  return Math.max(0, ...sites.map(({ check }) => check?.(1).error ?? 0));
}

interface Case {
  readonly expect: string;
  readonly bn_after: number | null;
}

/** Of the cases that may fuse or not, these do. */
const ALSO_FUSED: Readonly<Record<string, number>> = {
  gemm_bn_transB0_nobias: 0,
  gemm_bn_transB0_bias: 0,
  gemm_bn_transB1_nobias: 0,
  gemm_bn_alpha_beta_scalar_c: 0,
  matmul_bn: 0,
  bn_before_conv_pad0: 0,
  convT_add_bn_relu: 0,
};

const list = corpus('cases/cases.json');
const cases = list === undefined ? {} : (JSON.parse(readFileSync(list, 'utf8')) as object);

for (const [name, { expect, bn_after: wanted }] of Object.entries(cases) as [string, Case][]) {
  test(`case ${name}: ${expect}`, async (t) => {
    const file = corpus(`cases/${name}/model.onnx`);
    if (file === undefined) {
      t.pass();
      return;
    }
    const { model, sites } = await fuse(file);
    const left = ALSO_FUSED[name] ?? wanted;
    if (left !== null) t.is(count(model, 'BatchNormalization'), left);
    t.true(worstOf(sites) <= 1);
    if (expect === 'keep') t.false(model.changed);
    if (expect === 'pad-may-fuse') t.is(count(model, 'Pad'), 0);
    if (expect === 'pad-keep') t.is(count(model, 'Pad'), 1);
    for (const opType of /^(conv_mul_add|const_sub)/.test(name) ? ['Mul', 'Add', 'Sub'] : []) {
      t.is(count(model, opType), 0, opType);
    }
  });
}

/** File, batch norms left, and whether initializers that are inputs count as constants. */
const MODELS: readonly [string, number, boolean?][] = [
  ['burn-mnist/mnist.onnx', 0],
  ['derived-fp16/residual_block_fp16.onnx', 0],
  ['finn/build_dataflow.onnx', 3],
  ['onnc/5226_BatchNormalization.onnx', 0],
  ['onnc/5236_BatchNormalization.onnx', 0],
  ['onnx2c-mnist/pytorch.onnx', 0],
  ['polygraphy/residual_block.onnx', 0],
  ['ppocr/ch_ppocr_mobile_v2.0_cls_infer.onnx', 0],
  ['ultraface/version-slim-320.onnx', 25],
  ['ultraface/version-slim-320.onnx', 0, true],
  ['ultraface/version-slim-320_without_postprocessing.onnx', 0, true],
];

for (const [name, left, constant = false] of MODELS) {
  test(`${name}${constant ? ', constant initializers' : ''}: ${left} batch norms left`, async (t) => {
    const file = corpus(`models/${name}`);
    if (file === undefined) {
      t.pass();
      return;
    }
    const { model, sites } = await fuse(file, constant);
    t.is(count(model, 'BatchNormalization'), left);
    t.true(worstOf(sites) <= 1);
  });
}

test('folded weights equal those of the twin that another tool fused', async (t) => {
  const [ours, theirs] = ['without_postprocessing', 'simplified'].map((part) =>
    corpus(`models/ultraface/version-slim-320_${part}.onnx`),
  );
  if (ours === undefined || theirs === undefined) {
    t.pass();
    return;
  }
  const [fused, twin] = [(await fuse(ours, true)).model, await loadModel(theirs)];
  twin.constantInitializers = true;
  const [left, right] = [convolutions(fused), convolutions(twin)];
  t.is(left.length, 42);
  t.is(right.length, 42);
  left.forEach((tensors, at) => {
    tensors.forEach((values, which) => t.true(apart(values, right[at]![which]!) <= 2e-7));
  });
});

/** Weight and bias of every convolution, in the order of the file. */
function convolutions(model: Model): Float32Array[][] {
  const found: Float32Array[][] = [];
  for (const node of model.graph.nodes()) {
    if (!node.is('Conv')) continue;
    found.push(
      [1, 2].map((index) => constantOfValue(node.input(index))!.read().data as Float32Array),
    );
  }
  return found;
}

/** The largest difference, relative to the largest element. */
function apart(a: Float32Array, b: Float32Array): number {
  let [difference, largest] = [0, 0];
  a.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  });
  return a.length === b.length ? difference / largest : Infinity;
}
