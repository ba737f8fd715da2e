import { loadModel, verifyModels, type VerificationReport } from '../../index.js';
import { EXIT } from '../exit-codes.js';
import { note, outColors, print, printJson } from '../print.js';
import { errorText, plural, safe } from '../text.js';
import { addBackendOptions } from './backend-options.js';
import type { AddCommand } from './command.js';
import { addVerifyOptions, defined, verifyOptions, type FuseFlags } from './fuse-options.js';

type VerifyFlags = Omit<FuseFlags, 'verify' | 'level' | 'target'>;

/** `convfuse verify`: do two models compute the same? */
export const addVerify: AddCommand = (command, done) => {
  command
    .argument('<original>')
    .argument('<fused>')
    .option('--json', 'print one JSON document')
    .option('--allow-symlinks', 'external data behind links, inside the real folder of the model');
  addBackendOptions(addVerifyOptions(command)).action(
    async (originalPath: string, fusedPath: string, flags: VerifyFlags) => {
      const { backend, isa, threads } = flags;
      const allowSymlinks = flags.allowSymlinks === true;
      const original = await loadModel(originalPath, { allowSymlinks });
      const fused = await loadModel(fusedPath, { allowSymlinks });
      const verification = await verifyModels(original, fused, {
        ...(await verifyOptions(flags)),
        ...defined({ backend, isa, threads }),
      });
      if (flags.json === true) {
        printJson({ schema: 1, original: originalPath, fused: fusedPath, verification });
      } else {
        printVerification(verification);
      }
      if (verification.status === 'failed') done(EXIT.verification);
      // Models that cannot be run have not been found equal, so this is no success.
      if (verification.status === 'skipped') {
        note(`error: the models were not compared: ${safe(verification.reason ?? '')}`);
        done(EXIT.error);
      }
    },
  );
};

function printVerification({
  status,
  reason,
  runs,
  relL2,
  maxAbs,
  worst,
}: VerificationReport): void {
  const paint = { passed: outColors.green, failed: outColors.red, skipped: outColors.yellow }[
    status
  ];
  const why = reason === undefined ? '' : `: ${safe(reason)}`;
  print(`${paint(status)}${why}`);
  if (status === 'skipped') return;
  print(
    `relative L2 ${errorText(relL2)}, largest difference ${errorText(maxAbs)}, ${plural(runs, 'run')}`,
  );
  if (worst !== undefined && worst.expected !== worst.actual) {
    const { output, index, expected, actual } = worst;
    print(`worst: ${safe(output)}[${index}]: expected ${expected}, received ${actual}`);
  }
}
