import { addProduct, scratch, type Advance, type Direction } from './recurrent-layer.js';
import { recurrent } from './recurrent.js';

/**
 * Gates i, o, f, c; peepholes i, o, f:
 * it, ft = f(Xt . W^T + Ht-1 . R^T + P * Ct-1 + Wb + Rb)
 * Ct = ft * Ct-1 + it * g(Xt . Wc^T + Ht-1 . Rc^T + Wbc + Rbc)
 * ot = f(Xt . Wo^T + Ht-1 . Ro^T + Po * Ct + Wbo + Rbo)
 * Ht = ot * h(Ct)
 * With input_forget, ft = 1 - it.
 */
function advanceLstm(direction: Direction): Advance {
  const { call, batch, hidden, gates, recurrence, peepholes, clip, h, c } = direction;
  const [f, g, last] = direction.functions as [
    Direction['clip'],
    Direction['clip'],
    Direction['clip'],
  ];
  const coupled = call.node.attribute('input_forget', 'int') === 1;
  const width = 4 * hidden;
  const sums = scratch(direction, batch * width);
  return (row) => {
    sums.fill(0);
    addProduct(call, h, recurrence, sums, [batch, width, hidden]);
    for (let b = 0; b < batch; b++) {
      if (row[b]! < 0) continue;
      for (let i = 0; i < hidden; i++) {
        const from = row[b]! * width + i;
        const at = b * width + i;
        const state = b * hidden + i;
        const before = c[state]!;
        const peep = (gate: number, cell: number): number =>
          peepholes === undefined ? 0 : peepholes[gate * hidden + i]! * cell;
        const gate = (k: number, more: number): number =>
          clip(gates[from + k * hidden]! + sums[at + k * hidden]! + more);
        const input = f(gate(0, peep(0, before)));
        const forget = coupled ? 1 - input : f(gate(2, peep(2, before)));
        const now = forget * before + input * g(gate(3, 0));
        c[state] = now;
        h[state] = f(gate(1, peep(1, now))) * last(now);
      }
    }
  };
}

export const lstm = recurrent('LSTM', 2, {
  gates: 4,
  functions: ['Sigmoid', 'Tanh', 'Tanh'],
  advance: advanceLstm,
});
