import test from 'ava';
import fc from 'fast-check';

import { Graph } from '#convfuse/ir/graph.js';
import { Model } from '#convfuse/ir/model.js';
import { Node } from '#convfuse/ir/node.js';
import { Uses } from '#convfuse/ir/uses.js';

const graph = new Graph(new Model(8, new Map()), 'main', 'g', new Map());
const NODES = Array.from({ length: 4 }, (_, at) => new Node(graph, `Op${at}`));

test('it is a Map, whatever is done to it', (t) => {
  const step = fc.record({
    kind: fc.constantFrom('set', 'set', 'delete', 'clear'),
    node: fc.nat(NODES.length - 1),
    count: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const uses = new Uses();
      const map = new Map<Node, number>();
      for (const { kind, node, count } of steps) {
        const one = NODES[node]!;
        if (kind === 'set') {
          uses.set(one, count);
          map.set(one, count);
        } else if (kind === 'delete') t.is(uses.delete(one), map.delete(one));
        else {
          uses.clear();
          map.clear();
        }
        t.is(uses.size, map.size);
        t.true(
          [...uses].every(([key, value], at) => [...map][at]![0] === key && map.get(key) === value),
        );
        t.true([...uses.keys()].every((key, at) => key === [...map.keys()][at]));
        t.deepEqual([...uses.values()], [...map.values()]);
        for (const other of NODES) {
          t.is(uses.get(other), map.get(other));
          t.is(uses.has(other), map.has(other));
        }
      }
      let total = 0;
      uses.forEach((count) => (total += count));
      t.is(
        total,
        [...map.values()].reduce((sum, count) => sum + count, 0),
      );
    }),
    { numRuns: 300 },
  );
});
