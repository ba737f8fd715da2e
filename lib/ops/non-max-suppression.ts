import type { Node } from '../ir/node.js';
import type { ValueFacts } from './operator.js';
import { floatsOf, numbersOf, required } from './run-tensor.js';
import { operator } from './schema.js';

type Box = readonly [number, number, number, number];

/** [low y, low x, high y, high x] of a box given by two corners, or by centre and size. */
function boxAt(node: Node, boxes: ArrayLike<number>, at: number): Box {
  const [a, b, c, d] = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
  if (node.attribute('center_point_box', 'int') === 1) {
    return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  }
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** Area of the intersection over that of the union. */
function overlap(p: Box, q: Box): number {
  const height = Math.min(p[2], q[2]) - Math.max(p[0], q[0]);
  const width = Math.min(p[3], q[3]) - Math.max(p[1], q[1]);
  if (height <= 0 || width <= 0) return 0;
  const shared = height * width;
  const area = (r: Box): number => (r[2] - r[0]) * (r[3] - r[1]);
  return shared / (area(p) + area(q) - shared);
}

/** Picks boxes by score, best first, skipping those that overlap a picked one too much. */
export const nonMaxSuppression = operator('NonMaxSuppression', {
  since: 10,
  inputs: [2, 5],
  infer: (): ValueFacts[] => [{ type: 'int64', dims: [undefined, 3] }],
  evaluate(call, inputs) {
    const { node } = call;
    const boxes = required(node, inputs, 0);
    const scores = required(node, inputs, 1);
    const option = (index: number, none: number): number =>
      inputs[index] === undefined ? none : numbersOf(inputs[index])[0]!;
    const most = option(2, 0);
    const iou = option(3, 0);
    const least = option(4, -Infinity);
    const [batch, classes, count] = scores.dims as [number, number, number];
    const corner = floatsOf(node, boxes);
    const score = floatsOf(node, scores);
    const picked: number[] = [];
    for (let n = 0; n < batch; n++) {
      const all = Array.from({ length: count }, (_, i) => boxAt(node, corner, (n * count + i) * 4));
      for (let c = 0; c < classes; c++) {
        const from = (n * classes + c) * count;
        const order = all.map((_, i) => i).filter((i) => score[from + i]! > least);
        order.sort((p, q) => score[from + q]! - score[from + p]! || p - q);
        const kept: number[] = [];
        for (const i of order) {
          if (kept.length >= most) break;
          if (kept.every((k) => overlap(all[k]!, all[i]!) <= iou)) kept.push(i);
        }
        for (const i of kept) picked.push(n, c, i);
      }
    }
    const data = call.allocate('int64', [picked.length / 3, 3]) as BigInt64Array;
    picked.forEach((value, i) => (data[i] = BigInt(value)));
    return [{ type: 'int64', dims: [picked.length / 3, 3], data }];
  },
});
