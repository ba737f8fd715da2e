import test from 'ava';

import { graph, modelFunction, node } from '../helpers/model-builder.js';
import { codeOf, readSpec } from '../helpers/read-bytes.js';

/** A model whose functions call each other as listed: name to callees. */
function callCode(calls: Readonly<Record<string, readonly string[]>>, nested = false): string {
  const functions = Object.entries(calls).map(([name, callees]) => {
    const nodes = callees.map((callee, at) => node(`l::${callee}`, ['x'], [`y${at}`]));
    const holder = node('Foo', ['x'], ['z'], { body: graph({ nodes }) });
    const last = node('Neg', ['x'], ['out']);
    return modelFunction({
      domain: 'l',
      name,
      inputs: ['x'],
      outputs: ['out'],
      nodes: [...(nested ? [holder] : nodes), last],
      opsets: { '': 17, l: 1 },
    });
  });
  const nodes = [node('Relu', ['x'], ['y'])];
  return codeOf(() => readSpec({ inputs: ['x'], outputs: ['y'], nodes, functions }));
}

test('calls in one direction are fine', (t) => {
  t.is(callCode({ a: ['b', 'c'], b: ['c'], c: [] }), 'none');
});

test('circles are refused, through bodies too', (t) => {
  t.is(callCode({ a: ['a'] }), 'ERR_MODEL');
  t.is(callCode({ a: ['b'], b: ['c'], c: ['a'] }), 'ERR_MODEL');
  t.is(callCode({ a: ['b'], b: ['a'] }, true), 'ERR_MODEL');
});

function chain(length: number): Record<string, string[]> {
  const calls: Record<string, string[]> = {};
  for (let at = 0; at < length; at++) calls[`f${at}`] = at + 1 < length ? [`f${at + 1}`] : [];
  return calls;
}

test('100 calls deep is the limit', (t) => {
  t.is(callCode(chain(100)), 'none');
  t.is(callCode(chain(101)), 'ERR_DEPTH');
});

test('a ladder with 2^60 paths takes no time', (t) => {
  const calls: Record<string, string[]> = {};
  for (let at = 0; at < 60; at++) {
    const below = at < 59 ? [`a${at + 1}`, `b${at + 1}`] : [];
    calls[`a${at}`] = below;
    calls[`b${at}`] = below;
  }
  t.is(callCode(calls), 'none');
});

test('a function is defined once', (t) => {
  const fn = (overload: string) =>
    modelFunction({ domain: 'l', name: 'F', overload, inputs: ['x'], outputs: ['x'], nodes: [] });
  const read = (...overloads: string[]): string =>
    codeOf(() => readSpec({ inputs: ['x'], outputs: ['x'], functions: overloads.map(fn) }));
  t.is(read('', 'a'), 'none');
  t.is(read('a', 'a'), 'ERR_MODEL');
});
