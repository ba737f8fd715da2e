import type { Node } from '../ir/node.js';
import { addProduct, scratch, type Advance, type Direction } from './recurrent-layer.js';
import { recurrent } from './recurrent.js';

function isLinearFirst(node: Node): boolean {
  return node.attribute('linear_before_reset', 'int') === 1;
}

/**
 * Gates z, r, h:
 * zt, rt = f(Xt . W^T + Ht-1 . R^T + Wb + Rb)
 * ht = g(Xt . Wh^T + (rt * Ht-1) . Rh^T + Rbh + Wbh), or with linear_before_reset
 * ht = g(Xt . Wh^T + rt * (Ht-1 . Rh^T + Rbh) + Wbh)
 * Ht = (1 - zt) * ht + zt * Ht-1
 */
function advanceGru(direction: Direction): Advance {
  const { call, batch, hidden, gates, recurrence, bias, functions, clip, h } = direction;
  const [f, g] = functions as [Direction['clip'], Direction['clip']];
  const linearFirst = isLinearFirst(call.node);
  const width = 2 * hidden;
  const sums = scratch(direction, batch * width);
  const reset = h.slice();
  const candidate = h.slice();
  const matrices = [recurrence.subarray(0, width * hidden), recurrence.subarray(width * hidden)];
  const added = linearFirst ? bias : undefined;
  return (row) => {
    sums.fill(0);
    candidate.fill(0);
    addProduct(call, h, matrices[0]!, sums, [batch, width, hidden]);
    if (linearFirst) addProduct(call, h, matrices[1]!, candidate, [batch, hidden, hidden]);
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < hidden && row[b]! >= 0; i++) {
        const from = row[b]! * 3 * hidden + i;
        const at = b * width + i;
        const [zBias, rBias] = added ? [added[i]!, added[hidden + i]!] : [0, 0];
        sums[at] = f(clip(gates[from]! + sums[at]! + zBias));
        sums[at + hidden] = f(clip(gates[from + hidden]! + sums[at + hidden]! + rBias));
        reset[b * hidden + i] = sums[at + hidden]! * h[b * hidden + i]!;
      }
    }
    if (!linearFirst) addProduct(call, reset, matrices[1]!, candidate, [batch, hidden, hidden]);
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < hidden && row[b]! >= 0; i++) {
        const at = b * hidden + i;
        const [z, r] = [sums[b * width + i]!, sums[b * width + hidden + i]!];
        const kept = candidate[at]! + (added ? added[width + i]! : 0);
        const input = gates[row[b]! * 3 * hidden + width + i]!;
        const next = g(clip(input + (linearFirst ? r * kept : kept)));
        h[at] = (1 - z) * next + z * h[at]!;
      }
    }
  };
}

export const gru = recurrent('GRU', 1, {
  gates: 3,
  functions: ['Sigmoid', 'Tanh'],
  ownBias: isLinearFirst,
  advance: advanceGru,
});
