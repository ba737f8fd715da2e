// Fuses one model and says what came of every batch norm.
//
//     node out/examples/fuse-file.js model.onnx fused.onnx

import { fuseModel, loadModel, saveModel } from 'convfuse';

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  console.error('usage: fuse-file model.onnx fused.onnx');
  process.exit(2);
}

const model = await loadModel(input);
const { model: fused, report } = await fuseModel(model);

for (const { node, verdict, into, reason, detail } of report.sites) {
  console.log(verdict === 'fused' ? `${node} -> ${into}` : `${node} stays: ${reason}: ${detail}`);
}
const { before, after, verification } = report;
console.log(`nodes: ${before.nodes} -> ${after.nodes}`);
console.log(`whole model: ${verification.status}, relative L2 error ${verification.relL2}`);

await saveModel(fused, output);
