import { readFileSync } from 'node:fs';

import test from 'ava';

import { loadModel } from '#convfuse/api/load.js';
import { encodeModel } from '#convfuse/api/encode.js';
import { checkModel } from '#convfuse/ir/check.js';
import { cloneModel } from '#convfuse/ir/clone.js';
import { Editor } from '#convfuse/ir/editor.js';
import { parseText, printText } from '#convfuse/ir/text.js';

import { corpus } from '../helpers/corpus.js';

const NESTED = `x: input float[4]
  c: input bool
  h = Relu(x)
  y = If<then_branch = { t = Neg(h) }, else_branch = { u = Abs(h) v = Exp(u) }>(c)
  function local.f { b = Relu(a) }`;

test('a clone prints alike and holds its own invariants', (t) => {
  const model = parseText(NESTED);
  const copy = cloneModel(model);
  t.is(printText(copy), printText(model));
  t.notThrows(() => checkModel(copy));
  t.is(copy.graph.values.get('h')?.useCount, model.graph.values.get('h')?.useCount);
});

test('editing a clone leaves the original alone', (t) => {
  const model = parseText(NESTED);
  const before = printText(model);
  const copy = cloneModel(model);
  const edit = new Editor(copy);
  const relu = copy.graph.first!;
  edit.replaceUses(relu.output(0), relu.input(0));
  edit.remove(relu);
  t.notThrows(() => checkModel(copy));
  t.is(printText(model), before);
  t.not(printText(copy), before);
  t.false(model.changed);
});

test('a clone that is written in full is the bytes of its source', async (t) => {
  for (const name of [
    'models/ppocr/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    'models/polygraphy/residual_block.onnx',
    'hostile/made/w_if_nested_20.onnx',
    'hostile/made/w_unknown_fields.onnx',
    'cases/model_local_function_conv_bn/model.onnx',
  ]) {
    const file = corpus(name);
    if (file === undefined) continue;
    const copy = cloneModel(await loadModel(file));
    copy.changed = true;
    t.true(readFileSync(file).equals(encodeModel(copy)), name);
  }
  t.pass();
});
