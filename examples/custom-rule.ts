// A rule of one's own: Relu(Relu(x)) = Relu(x).
//
//     node out/examples/custom-rule.js model.onnx

import { conditions, defineRule, fuseModel, loadModel } from 'convfuse';

const fuseReluIntoRelu = defineRule({
  name: 'fuse-relu-into-relu',
  level: 'basic',
  doc: 'Relu(Relu(x)) = Relu(x)',
  roots: ['Relu'],
  // Structure only; the conditions say whether it may be done, and why not.
  match: (outer) => {
    const inner = outer.input(0).producer;
    if (inner?.is('Relu') !== true) return undefined;
    return { nodes: [inner, outer], into: outer, vanishing: [inner.output(0)], parameters: [] };
  },
  conditions: [conditions.singleConsumer, conditions.notGraphOutput],
  // Constants that nothing reads any more go by themselves; nodes are the rule's business.
  rewrite: ({ nodes: [inner, outer] }, edit) => {
    edit.setInputs(outer!, [inner!.input(0)]);
    edit.remove(inner!);
    return { into: outer! };
  },
  example: { before: 'y = Relu(x)\nz = Relu(y)', after: 'z = Relu(x)' },
});

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: custom-rule model.onnx');
  process.exit(2);
}
const { report } = await fuseModel(await loadModel(file), { rules: [fuseReluIntoRelu] });
console.log(`Relu: ${report.before.ops['Relu'] ?? 0} -> ${report.after.ops['Relu'] ?? 0}`);
for (const { rule, node, verdict, reason } of report.sites) {
  console.log(`${rule}: ${node} ${verdict} ${reason ?? ''}`.trimEnd());
}
