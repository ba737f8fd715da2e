// The native pools against the operators' own loops, through a session, on every ISA.

import test from 'ava';

import { loadAddon } from '#convfuse/backend/native/binding.js';
import { NativeBackend } from '#convfuse/backend/native/index.js';
import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { parseText } from '#convfuse/ir/text.js';
import { Session } from '#convfuse/runtime/session.js';
import { elementCount } from '#convfuse/tensor/shape.js';
import { Random } from '#convfuse/tensor/random.js';

import { gammaOf } from '../../helpers/bounds.js';

const loaded = loadAddon();
if ('reason' in loaded) throw new Error(loaded.reason);
const { addon } = loaded;
const backends = addon.info().isas.map((isa) => new NativeBackend(addon, isa, 2, 'test'));
const reference = new ReferenceBackend('test');

const CASES: readonly (readonly [string, readonly number[]])[] = [
  ['MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>', [2, 5, 29, 31]],
  ['MaxPool<kernel_shape = [2, 2], dilations = [3, 2]>', [1, 3, 13, 40]],
  ['MaxPool<kernel_shape = [5], pads = [4, 4]>', [2, 3, 37]],
  ['MaxPool<kernel_shape = [2, 3, 3], strides = [1, 2, 3], ceil_mode = 1>', [1, 2, 5, 14, 22]],
  ['AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>', [2, 5, 19, 21]],
  [
    'AveragePool<kernel_shape = [3, 2], strides = [2, 2], pads = [1, 1, 1, 1], ' +
      'count_include_pad = 1, ceil_mode = 1>',
    [1, 4, 20, 33],
  ],
  ['GlobalAveragePool', [2, 9, 7, 7]],
  ['GlobalAveragePool', [1, 3, 50]],
  ['GlobalAveragePool', [1, 3, 4, 5, 6]],
  ['GlobalMaxPool', [2, 9, 17, 7]],
];

for (const [text, dims] of CASES) {
  test(`${text} of ${dims.join('x')}`, (t) => {
    const shape = dims.join(', ');
    const model = parseText(`x: input float[${shape}]\ny = ${text}(x)`);
    const data = new Random(11).normals(elementCount(dims));
    const feeds = { x: { type: 'float32', data, dims } } as const;
    const output = (backend: NativeBackend | ReferenceBackend): Float32Array =>
      Session.create(model, { backend }).runSync(feeds)['y']!.data as Float32Array;
    const expected = output(reference);
    const most = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const terms = elementCount(dims.slice(2)) + 2;
    const bound = text.includes('Average') ? gammaOf(terms) * most : 0;
    for (const backend of backends) {
      const actual = output(backend);
      t.is(actual.length, expected.length);
      const wrong = actual.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= bound));
      t.is(wrong, -1, `${backend.isa}: ${actual[wrong]} for ${expected[wrong]}`);
    }
  });
}

test('a NaN under a window wins, wherever it stands', (t) => {
  const model = parseText('x: input float[1, 1, 9, 17]\ny = MaxPool<kernel_shape = [3, 3]>(x)');
  for (const backend of backends) {
    const session = Session.create(model, { backend });
    for (let at = 0; at < 9 * 17; at++) {
      const data = new Float32Array(9 * 17).fill(1);
      data[at] = NaN;
      const feeds = { x: { type: 'float32', data, dims: [1, 1, 9, 17] } } as const;
      const y = session.runSync(feeds)['y']!.data as Float32Array;
      const expected = Session.create(model, { backend: reference }).runSync(feeds)['y']!;
      t.deepEqual(y, expected.data, `${backend.isa}, NaN at ${at}`);
    }
  }
});
