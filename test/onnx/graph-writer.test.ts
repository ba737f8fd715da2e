import test from 'ava';

import { Editor } from '#convfuse/ir/editor.js';

import { CONV_RELU, decoded, fuseLike, nodeOf, written } from '../helpers/fused-pair.js';
import {
  graph,
  modelBytes,
  modelFunction,
  node,
  tensor,
  type ModelSpec,
} from '../helpers/model-builder.js';
import { readBytes, readSpec } from '../helpers/read-bytes.js';

test('a pair inside a branch, and one inside a function', (t) => {
  const pair = [
    node('Conv', ['x', 'w'], ['m'], {}, 'conv'),
    node('Relu', ['m'], ['r'], {}, 'relu'),
  ];
  const spec: ModelSpec = {
    inputs: ['x', 'c'],
    outputs: ['y'],
    initializers: [tensor('w', [1, 1, 1, 1], [2])],
    nodes: [
      node('If', ['c'], ['y'], {
        then_branch: graph({ nodes: pair, outputs: ['r'] }),
        else_branch: graph({ outputs: ['x'] }),
      }),
    ],
  };
  const branch = readSpec(spec);
  fuseLike(branch);
  const then = decoded(branch).graph!.node[0]!.attribute[0]!.g!;
  t.deepEqual(
    then.node.map((one) => one.input),
    [['x', 'weight']],
  );
  t.deepEqual(
    then.initializer.map((one) => one.name),
    ['weight'],
  );
  t.deepEqual(
    decoded(branch).graph!.initializer.map((one) => one.name),
    [],
  );

  const fn = modelFunction({
    domain: 'l',
    name: 'F',
    inputs: ['x', 'w'],
    outputs: ['r'],
    nodes: pair,
  });
  const inFunction = readSpec({ inputs: ['x'], outputs: ['x'], functions: [fn] });
  fuseLike(inFunction);
  const body = decoded(inFunction).functions[0]!;
  // Functions have no initializers.
  t.deepEqual(
    body.node.map((one) => one.opType),
    ['Constant', 'Conv'],
  );
  t.deepEqual(body.node[1]!.input, ['x', 'weight']);
  t.deepEqual(body.output, ['r']);
});

test('initializers that count as constants leave the inputs', (t) => {
  const spec = { ...CONV_RELU, inputs: ['x', 'w', 'unused'] };
  const file = readSpec(spec);
  file.constantInitializers = true;
  fuseLike(file);
  t.deepEqual(
    decoded(file).graph!.input.map((one) => one.name),
    ['x'],
  );
});

test('below IR 4 new initializers become inputs, with type and shape', (t) => {
  const file = readSpec({ ...CONV_RELU, irVersion: 3, inputs: ['x', 'w', 'unused'] });
  fuseLike(file);
  const after = decoded(file).graph!;
  t.deepEqual(
    after.input.map((one) => one.name),
    ['x', 'unused', 'weight'],
  );
  t.deepEqual(readBytes(written(file)).graph.values.get('weight')!.declaration, {
    type: 'float32',
    dims: [1, 1, 1, 1],
  });
});

test('new nodes stand where the graph has them', (t) => {
  const file = readSpec(CONV_RELU);
  const edit = new Editor(file);
  const relu = nodeOf(file, 'Relu');
  const attributes = [
    { name: 'f', kind: 'float', value: 0.5 },
    { name: 'i', kind: 'int', value: -7 },
    { name: 's', kind: 'string', value: 'ü' },
    { name: 'fs', kind: 'floats', value: [1, 2.5] },
    { name: 'is', kind: 'ints', value: [1, -2, 300] },
    { name: 'ss', kind: 'strings', value: ['a', ''] },
  ] as const;
  const made = edit.insertBefore(relu, {
    opType: 'Foo',
    domain: 'd',
    name: 'foo',
    inputs: [relu.input(0), undefined],
    outputs: ['fresh'],
    attributes,
  });
  edit.setInputs(relu, [made.output(0)]);
  t.deepEqual(
    decoded(file).graph!.node.map((one) => one.opType),
    ['Conv', 'Foo', 'Relu'],
  );
  const again = nodeOf(readBytes(written(file)), 'Foo');
  t.deepEqual([again.domain, again.name], ['d', 'foo']);
  t.deepEqual(
    again.inputs.map((value) => value?.name),
    ['m', undefined],
  );
  t.deepEqual([...again.attributes.values()], [...attributes]);
});

test('attributes are replaced, removed and added', (t) => {
  const file = readSpec(CONV_RELU);
  const edit = new Editor(file);
  const conv = nodeOf(file, 'Conv');
  edit.setAttribute(conv, { name: 'kernel_shape', kind: 'ints', value: [2, 2] });
  edit.setAttribute(conv, { name: 'group', kind: 'int', value: 1 });
  const again = nodeOf(readBytes(written(file)), 'Conv');
  t.deepEqual(again.attribute('kernel_shape', 'ints'), [2, 2]);
  t.is(again.attribute('group', 'int'), 1);
  edit.removeAttribute(conv, 'kernel_shape');
  t.deepEqual([...nodeOf(readBytes(written(file)), 'Conv').attributes.keys()], ['group']);
});

test('names that are no UTF-8 survive in what is written anew', (t) => {
  const raw = Buffer.from(
    modelBytes({
      ...CONV_RELU,
      inputs: ['QQ'],
      nodes: [node('Conv', ['QQ', 'w'], ['m'], {}, 'conv'), node('Relu', ['m'], ['y'], {}, 'relu')],
    }),
  );
  for (let at = raw.indexOf('QQ'); at >= 0; at = raw.indexOf('QQ')) raw.set([0xff, 0xc3], at);
  const file = readBytes(raw);
  fuseLike(file);
  const bytes = Buffer.from(written(file));
  t.true(bytes.includes(Buffer.of(0xff, 0xc3)));
  t.is(readBytes(bytes).graph.first!.input(0).name, '\udcff\udcc3');
});
