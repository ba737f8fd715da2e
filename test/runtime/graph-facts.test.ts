import test from 'ava';

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { Editor } from '#convfuse/ir/editor.js';
import { parseText } from '#convfuse/ir/text.js';
import { GraphFacts } from '#convfuse/runtime/graph-facts.js';

const backend = new ReferenceBackend('tests');

test('only what holds in every run is known', (t) => {
  const model = parseText('x: input float[N, 3, 4]\nk: input float[1] = {2}\ny = Mul(x, k)');
  const facts = new GraphFacts(backend);
  t.is(facts.backend, backend);
  t.deepEqual(facts.dims(model.graph.outputs[0]!), [undefined, 3, 4]);
});

test('nodes that a rule adds later are found too, and a wrong one is no error', (t) => {
  const model = parseText('x: input float[1, 2]\ny = Relu(x)');
  const facts = new GraphFacts(backend);
  const [x, y] = [model.graph.values.get('x')!, model.graph.outputs[0]!];
  t.deepEqual(facts.dims(y), [1, 2]);
  const edit = new Editor(model);
  const turned = edit.insertBefore(y.producer!, {
    opType: 'Transpose',
    inputs: [x],
    outputs: ['turned'],
  });
  t.deepEqual(facts.dims(turned.output(0)), [2, 1]);
  const wrong = edit.insertBefore(y.producer!, {
    opType: 'MatMul',
    inputs: [x, x],
    outputs: ['wrong'],
  });
  t.is(facts.dims(wrong.output(0)), undefined);
});
