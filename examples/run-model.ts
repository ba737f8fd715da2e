// Runs a model on zeros: the calls are those of onnxruntime-common, so that a program can switch
// by its import.
//
//     node out/examples/run-model.js model.onnx 1x3x224x224

import { InferenceSession } from 'convfuse';

const [file, shape] = process.argv.slice(2);
if (file === undefined || shape === undefined) {
  console.error('usage: run-model model.onnx 1x3x224x224');
  process.exit(2);
}

const dims = shape.split('x').map(Number);
const elements = dims.reduce((product, dim) => product * dim, 1);

const session = await InferenceSession.create(file, { threads: 1 });
const [input] = session.inputNames;
const results = await session.run({
  [input!]: { type: 'float32', data: new Float32Array(elements), dims },
});
for (const name of session.outputNames) {
  const { type, dims: outputDims, data } = results[name]!;
  console.log(`${name}: ${type} ${outputDims.join('x')}, first ${String(data[0])}`);
}
await session.release();
