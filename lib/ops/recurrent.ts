// Shared by RNN, GRU and LSTM: the loop over time, sequences of different lengths, shape inference.

import type { FloatArray } from '../backend/backend.js';
import { countOf } from './facts.js';
import type { Evaluation, Operator, RunTensor, ValueFacts } from './operator.js';
import { directionsOf, Layer, type Cell } from './recurrent-layer.js';
import { required } from './run-tensor.js';
import { operator } from './schema.js';

function evaluateRecurrent(
  call: Evaluation,
  inputs: readonly (RunTensor | undefined)[],
  cell: Cell,
): RunTensor[] {
  const layer = new Layer(call, inputs, cell);
  const { type } = required(call.node, inputs, 0);
  const allocate = (dims: readonly number[]): RunTensor & { readonly data: FloatArray } => ({
    ...{ type, dims, data: (call.allocate(type, dims) as FloatArray).fill(0) },
  });
  const y = allocate(layer.outputDims);
  const last = [allocate(layer.stateDims), allocate(layer.stateDims)];
  const { batch, hidden } = layer;
  const lengths = layer.lengths();
  const longest = Math.max(0, ...lengths);
  layer.reverse.forEach((reverse, d) => {
    const direction = layer.direction(d);
    const advance = cell.advance(direction);
    const row = new Int32Array(batch);
    for (let step = 0; step < longest; step++) {
      const place = (b: number): number => (reverse ? lengths[b]! - 1 - step : step);
      for (let b = 0; b < batch; b++) row[b] = step < lengths[b]! ? layer.row(place(b), b) : -1;
      advance(row);
      for (let b = 0; b < batch; b++) {
        if (row[b]! < 0) continue;
        const from = b * hidden;
        y.data.set(direction.h.subarray(from, from + hidden), layer.outputAt(d, place(b), b));
      }
    }
    [direction.h, direction.c].forEach((state, i) => {
      for (let b = 0; b < batch; b++) {
        // Empty sequences end in zeros, as in onnxruntime, not in the initial state; ONNX is
        // silent.
        if (lengths[b] === 0) continue;
        const part = state.subarray(b * hidden, (b + 1) * hidden);
        last[i]!.data.set(part, layer.stateAt(d, b));
      }
    });
  });
  return [y, ...last].slice(0, call.node.outputs.length);
}

export function recurrent(opType: string, states: 1 | 2, cell: Cell): Operator {
  return operator(opType, {
    inputs: [3, states === 2 ? 8 : 6],
    outputs: [0, 1 + states],
    infer(node, [x, , r]): ValueFacts[] {
      const d = directionsOf(node).length;
      const hidden = node.attribute('hidden_size', 'int') ?? r?.dims?.[2];
      const byImage = node.attribute('layout', 'int') === 1;
      const [a, b] = x?.dims ?? [];
      const [steps, batch] = byImage ? [b, a] : [a, b];
      const state = byImage ? [batch, d, hidden] : [d, batch, hidden];
      const all = byImage ? [batch, steps, d, hidden] : [steps, d, batch, hidden];
      return node.outputs.map((_, i) => ({ type: x?.type, dims: i === 0 ? all : state }));
    },
    macs(_node, [x, w, r]) {
      const [steps = 0, batch = 0] = x?.dims ?? [];
      const rows = typeof steps === 'number' && typeof batch === 'number' ? steps * batch : 0;
      return rows * (countOf(w) + countOf(r));
    },
    evaluate: (call, inputs) => evaluateRecurrent(call, inputs, cell),
  });
}
