import test from 'ava';

import { ConvfuseError } from '#convfuse/errors.js';
import { checkModel } from '#convfuse/ir/check.js';
import { Editor } from '#convfuse/ir/editor.js';
import type { Model } from '#convfuse/ir/model.js';
import type { Node } from '#convfuse/ir/node.js';
import { parseText, printNodes, type TextOptions } from '#convfuse/ir/text.js';
import type { Value } from '#convfuse/ir/value.js';
import { Random } from '#convfuse/tensor/random.js';
import type { Tensor } from '#convfuse/tensor/tensor.js';

const ONE: Tensor = { type: 'float32', dims: [], data: Float32Array.of(1) };

interface Bench {
  readonly model: Model;
  readonly edit: Editor;
  value(name: string): Value;
  node(name: string): Node;
}

function open(text: string, options: TextOptions = {}): Bench {
  const model = parseText(text, options);
  const value = (name: string): Value => {
    for (const graph of model.graphs()) {
      const found = graph.values.get(name);
      if (found !== undefined) return found;
    }
    throw new Error(`no value ${name}`);
  };
  return { model, edit: new Editor(model), value, node: (name) => value(name).producer! };
}

test('the earlier of two nodes takes over the output of the later', (t) => {
  const { model, edit, value, node } = open('y = Conv(x, W)\nz = Relu(y)\nz: output float[1]');
  const [conv, relu, z] = [node('y'), node('z'), value('z')];
  edit.setInputs(relu, []);
  edit.takeOutput(conv, 0, z);
  edit.remove(relu);
  checkModel(model);
  t.is(printNodes(model.graph), 'z = Conv(x, W)');
  t.deepEqual(model.graph.outputs, [z]);
  t.false(model.graph.values.has('y'));
  t.true(model.changed);
});

test('constants go where they are allowed', (t) => {
  const main = open('y = Relu(x)');
  const value = main.edit.constant(main.model.graph, 'W', ONE);
  t.is(value.initializer!.read(), ONE);
  t.false(value.isInput);

  const old = open('y = Relu(x)', { irVersion: 3 });
  const listed = old.edit.constant(old.model.graph, 'W', ONE);
  t.true(listed.isInput);
  t.is(old.model.graph.inputs.at(-1), listed);
  checkModel(old.model);

  const text = 'c: input bool[]\nq = If<then_branch = { a = Relu(x); b = Abs(a) }>(c)';
  const nested = open(text);
  const body = nested.node('a').graph;
  t.not(nested.edit.constant(body, 'W', ONE).initializer, undefined);
  const oldBody = open(text, { irVersion: 3 });
  const inBody = oldBody.edit.constant(oldBody.node('b').graph, 'W', ONE, oldBody.node('b'));
  t.is(inBody.producer!.next, oldBody.node('b'));

  const fn = open(
    `q = local.f(x)\nfunction local.f { k = If<b = { a = Relu(p) }>(p); l = Abs(p) }`,
  );
  const body2 = fn.node('a').graph;
  t.is(fn.edit.constant(body2, 'V', ONE, fn.node('a')).producer!.graph, body2);
  // In front of a node further in: in front of the node that holds it.
  const outer = fn.edit.constant(fn.node('k').graph, 'U', ONE, fn.node('a'));
  t.is(outer.producer!.next, fn.node('k'));
  checkModel(fn.model);
});

test('names are free in every scope, and stay taken', (t) => {
  const { model, edit } = open(`W: float[1]
    [W_1] y = Op<b = { W_2 = Relu(x) }>(W)
    function local.f { W_3 = Abs(p) }`);
  t.is(edit.freshName('W'), 'W_4');
  t.is(edit.freshName('W'), 'W_5');
  t.is(edit.constant(model.graph, 'W', ONE).name, 'W_6');
  t.is(edit.freshName(''), 'value');
  t.is(edit.freshName(''), 'value_1');
  t.is(edit.freshName('value_1'), 'value_1_1');
  const node = edit.insertBefore(model.graph.first!, { opType: 'Abs', inputs: [], outputs: ['W'] });
  t.is(node.output(0).name, 'W_7');
});

test('names with many taken suffixes cost no walk each', (t) => {
  const { model, edit } = open('y = Relu(x)');
  const start = performance.now();
  for (let i = 0; i < 50_000; i++) edit.constant(model.graph, 'weight', ONE);
  t.true(performance.now() - start < 5000);
});

test('sweep takes what an edit left unread, through chains, and nothing else', (t) => {
  const { model, edit, value, node } = open(`a: float[4]
    b = Constant<value = float[1] {1}>()
    c = Unsqueeze(a, axes)
    axes: int64[1] = {0}
    d = Identity(c)
    e = Identity(d)
    y = Op(x, e, b, shared)
    shared: float[2]
    k = Op(shared)
    idle: float[3]
    f = Identity(idle)
    pinned: pinned float[2]
    z = Op(y, pinned)
    out: output float[2] = {1, 2}
    w = Op(out)
    z: output
    w: output
    k: output`);
  const before = edit.growth;
  edit.setInputs(node('y'), [value('x')]);
  edit.setInputs(node('z'), [value('y')]);
  edit.setInputs(node('w'), [value('y')]);
  edit.sweep();
  checkModel(model);
  t.is(
    printNodes(model.graph),
    'y = Op(x)\nk = Op(shared)\nf = Identity(idle)\nz = Op(y)\nw = Op(y)',
  );
  const left = [...model.graph.initializers()].map(([{ name }]) => name);
  t.deepEqual(left, ['shared', 'idle', 'pinned', 'out']);
  t.is(before - edit.growth, 16 + 8 + 4); // a, axes and b
});

test('sweep takes an initializer out of the inputs only where callers cannot pass it', (t) => {
  const text = 'W: input float[2] = {1, 2}\ny = Op(x, W)';
  const swept = (options: TextOptions, constants = false): boolean => {
    const { model, edit, value, node } = open(text, options);
    model.constantInitializers = constants;
    edit.setInputs(node('y'), [value('x')]);
    edit.sweep();
    checkModel(model);
    return !model.graph.values.has('W');
  };
  t.true(swept({ irVersion: 3 }));
  t.false(swept({ irVersion: 4 }));
  t.true(swept({ irVersion: 4 }, true));
  const loop = open('q = Loop<body = { W: input float[2] = {1, 2}; y = Op(x, W) }>()', {
    irVersion: 3,
  });
  loop.edit.setInputs(loop.node('y'), [loop.value('x')]);
  loop.edit.sweep();
  t.true(loop.node('y').graph.values.has('W')); // the signature of a body is fixed
});

test('uses are counted once an input, at any depth', (t) => {
  const { model, edit, value, node } = open(`y = Relu(x)
    z = Op<b = { k = Add(y, y) }>(y)
    to = Relu(x)`);
  t.is(value('y').useCount, 3);
  edit.replaceUses(value('y'), value('to'));
  checkModel(model);
  t.is(value('y').useCount, 0);
  t.is(value('to').useCount, 3);
  edit.setInputs(node('k'), [value('to'), undefined]);
  checkModel(model);
  t.is(value('to').uses.get(node('k')), 1);
});

test('edits that would break the graph are refused before they change anything', (t) => {
  const text = `c: input bool[]
    W: float[1]
    y = Conv(x, W)
    z, z2 = Relu(y)
    q = If<b = { k = Abs(y); l = Neg(k); l: output; n = Neg(k) }>(c)
    p: pinned float
    p = Relu(z2)
    k2: output
    k2 = Abs(z)`;
  const refused = (change: (bench: Bench) => unknown, message: RegExp): void => {
    const bench = open(text);
    const before = printNodes(bench.model.graph);
    const expected = { instanceOf: ConvfuseError, code: 'ERR_INTERNAL', message };
    t.throws(() => change(bench), expected);
    t.is(printNodes(bench.model.graph), before);
    checkModel(bench.model);
  };
  refused(({ edit, node }) => edit.remove(node('y')), /y is still in use/);
  refused(({ edit, node }) => edit.remove(node('z')), /z is still in use/);
  refused(({ edit, node }) => edit.remove(node('k2')), /k2 is still in use/);
  refused(({ edit, node }) => edit.remove(node('p')), /p is still in use/);
  refused(({ edit, node }) => edit.remove(node('q')), /q holds a body/);
  refused(({ edit, node, value }) => edit.takeOutput(node('z'), 0, value('k2')), /still in use/);
  refused(({ edit, node, value }) => edit.takeOutput(node('n'), 0, value('z')), /another graph/);
  refused(({ edit, node, value }) => edit.takeOutput(node('q'), 0, value('W')), /an initializer/);
  refused(({ edit, node, value }) => edit.setInputs(node('y'), [value('k')]), /not visible/);
  refused(({ edit, value }) => edit.replaceUses(value('y'), value('k')), /not visible/);
  const spec = { opType: 'Abs', inputs: [] };
  refused(
    ({ edit, node, value }) => edit.insertBefore(node('y'), { ...spec, outputs: [value('k')] }),
    /another graph/,
  );
  refused(
    ({ edit, node, value }) => edit.insertBefore(node('y'), { ...spec, outputs: [value('W')] }),
    /an initializer/,
  );
  const { edit, node } = open('y = Relu(x)\nz: output\nz = Relu(x)');
  const y = node('y');
  edit.remove(y);
  t.throws(() => edit.remove(y), { message: /removed already/ });
});

test('taking an output that a node has already changes nothing', (t) => {
  const { model, edit, value, node } = open('y = Relu(x)');
  edit.takeOutput(node('y'), 0, value('y'));
  t.false(model.changed);
  edit.replaceUses(value('x'), value('x'));
  t.false(model.changed);
});

test('a new node takes values from the nodes it replaces', (t) => {
  const { model, edit, value, node } = open('a, b = Split(x)\nc = Add(a, b)');
  const old = node('a');
  edit.insertBefore(old, {
    opType: 'Twice',
    domain: 'local',
    name: 'n',
    inputs: [value('x')],
    outputs: [value('b'), 'fresh'],
    attributes: [{ name: 'k', kind: 'int', value: 1 }],
  });
  checkModel(model);
  t.is(
    printNodes(model.graph),
    '[n] b, fresh = local.Twice<k = 1>(x)\na, "" = Split(x)\nc = Add(a, b)',
  );
});

test('attributes and notes', (t) => {
  const { model, edit, node } = open('y = Op<a = 1, b = 2>(x)', { irVersion: 10 });
  edit.setAttribute(node('y'), { name: 'a', kind: 'float', value: 0.5 });
  edit.removeAttribute(node('y'), 'b');
  edit.note(node('y'), 'fused', 'bn');
  t.is(printNodes(model.graph), 'y = Op<a = 0.5>(x)');
  t.deepEqual([...node('y').notes], [['fused', 'bn']]);
  const old = open('y = Relu(x)', { irVersion: 9 });
  old.edit.note(old.node('y'), 'fused', 'bn');
  t.is(old.node('y').notes.size, 0);
  t.false(old.model.changed);
});

test('nodes that were touched are told once', (t) => {
  const { edit, node, value } = open('y = Relu(x)\nz = Abs(y)\nw = Neg(z)');
  const [y, z] = [node('y'), node('z')];
  edit.setInputs(y, [value('x')]);
  edit.replaceUses(value('z'), value('y'));
  edit.remove(z);
  t.deepEqual(edit.takeTouched(), [y, node('w')]);
  t.deepEqual(edit.takeTouched(), []);
});

test('random edits keep the invariants', (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const irVersion = random.integer(3, 10);
    const { model, edit } = open(
      `c: input bool[]
       y = Conv(x, W, b)
       i = Identity(y)
       z = BatchNormalization(i, g, b, m, v)
       s1, s2 = Split(z)
       q = If<then_branch = { a = Conv(z, W); k = Add(a, y); V: float[1] },
              else_branch = { j = Loop<body = { l = Mul(s2, b); l2 = Abs(l) }>(s1) }>(c)
       f = local.f(q)
       o = Add(f, s1)
       function local.f { h = Relu(p); n = If<b = { u = Abs(h) }>(p) }`,
      { irVersion },
    );
    for (let step = 0; step < 40; step++) {
      randomEdit(model, edit, random);
      checkModel(model);
    }
    edit.sweep();
    checkModel(model);
  }
  t.pass();
});

/** One edit that a rule could make: inputs come from before the node, so that no cycle arises. */
function randomEdit(model: Model, edit: Editor, random: Random): void {
  const pick = <T>(items: readonly T[]): T => items[random.integer(0, items.length - 1)]!;
  const graph = pick([...model.graphs()]);
  const nodes = [...graph.nodes()];
  if (nodes.length === 0) return;
  const node = pick(nodes);
  const visible = before(node);
  switch (random.integer(0, 6)) {
    case 0:
      edit.setInputs(node, [pick([...visible, undefined]), pick([...visible, undefined])]);
      break;
    case 1:
      edit.constant(graph, 'W', ONE, node);
      break;
    case 2:
      edit.insertBefore(node, {
        opType: 'Abs',
        inputs: [pick([...visible, undefined])],
        outputs: ['t'],
      });
      break;
    case 3: {
      const free = node.namedOutputs.every((out) => out.uses.size === 0 && !out.isOutput);
      if (free && node.subgraphs().next().done === true) edit.remove(node);
      break;
    }
    case 4: {
      const [old] = node.namedOutputs;
      const value = pick([...graph.values.values()]);
      const later =
        value.producer !== undefined && nodes.indexOf(value.producer) > nodes.indexOf(node);
      if (old !== undefined && old.uses.size === 0 && !old.isOutput && later) {
        edit.takeOutput(node, node.outputs.indexOf(old), value);
      }
      break;
    }
    case 5: {
      // Uses of a later value may be given an earlier one.
      const [from] = node.namedOutputs;
      const to = visible.length > 0 ? pick(visible) : undefined;
      if (from !== undefined && to !== undefined) edit.replaceUses(from, to);
      break;
    }
    default:
      edit.sweep();
  }
}

/** Values that a node may read: defined before it, or before the nodes around it. */
function before(node: Node): Value[] {
  const values: Value[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.graph.owner) {
    const earlier = new Set<Node | undefined>([undefined]);
    for (const other of at.graph.nodes()) {
      if (other === at) break;
      earlier.add(other);
    }
    values.push(...[...at.graph.values.values()].filter(({ producer }) => earlier.has(producer)));
  }
  return values;
}
