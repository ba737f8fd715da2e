import { addProduct } from './recurrent-layer.js';
import { recurrent } from './recurrent.js';

/** Ht = f(Xt . Wi^T + Ht-1 . Ri^T + Wbi + Rbi) */
export const rnn = recurrent('RNN', 1, {
  gates: 1,
  functions: ['Tanh'],
  advance({ call, batch, hidden, gates, recurrence, functions, clip, h }) {
    const f = functions[0]!;
    const sums = h.slice();
    return (row) => {
      sums.fill(0);
      addProduct(call, h, recurrence, sums, [batch, hidden, hidden]);
      for (let b = 0; b < batch; b++) {
        if (row[b]! < 0) continue;
        for (let i = b * hidden, from = row[b]! * hidden; i < (b + 1) * hidden; i++, from++) {
          h[i] = f(clip(gates[from]! + sums[i]!));
        }
      }
    };
  },
});
