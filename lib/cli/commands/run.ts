import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { ConvfuseError, InferenceSession, loadModel, saveTensor } from '../../index.js';
import { loadInputs } from '../inputs.js';
import * as parse from '../parse.js';
import { print, printJson } from '../print.js';
import { safe } from '../text.js';
import { addBackendOptions, type BackendFlags } from './backend-options.js';
import type { AddCommand } from './command.js';
import { defined } from './fuse-options.js';

interface RunFlags extends BackendFlags {
  readonly input?: ReadonlyMap<string, string>;
  readonly outDir?: string;
  readonly force?: true;
  readonly json?: true;
  readonly allowSymlinks?: true;
}

/** `convfuse run`: one inference, from files to files. */
export const addRun: AddCommand = (command) => {
  command
    .argument('<model>')
    .option('--input <name=file>', 'an input: .npy or TensorProto .pb', parse.namedFile)
    .requiredOption(
      '--out-dir <dir>',
      'a folder for output_0.npy ..., in the order of the model',
      parse.path,
    )
    .option('--force', 'replace files that exist')
    .option('--json', 'print one JSON document')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model');
  addBackendOptions(command).action(async (modelPath: string, flags: RunFlags) => {
    const { backend, isa, threads } = flags;
    const model = await loadModel(modelPath, { allowSymlinks: flags.allowSymlinks === true });
    const session = await InferenceSession.create(model, defined({ backend, isa, threads }));
    const outputs = await session.run(await loadInputs(flags.input ?? new Map()));
    await mkdir(flags.outDir!, { recursive: true });
    const written: { name: string; file: string; type: string; dims: readonly number[] }[] = [];
    for (const [index, name] of session.outputNames.entries()) {
      // Numbered, since names from the model must not become part of a path.
      const file = path.join(flags.outDir!, `output_${index}.npy`);
      const tensor = outputs[name];
      if (tensor === undefined) throw new ConvfuseError('ERR_INTERNAL', `no output ${name}`);
      await saveTensor(tensor, file, { force: flags.force === true });
      written.push({ name, file, type: tensor.type, dims: tensor.dims });
    }
    if (flags.json === true) printJson({ schema: 1, model: modelPath, outputs: written });
    else {
      for (const { name, file, type, dims } of written) {
        print(`${safe(name)}: ${type} ${dims.join('x')} -> ${safe(file)}`);
      }
    }
  });
};
