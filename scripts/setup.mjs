// Installs what the lock file names, once per lock file. It runs with nothing installed, so it
// imports node: modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const stamp = 'node_modules/.convfuse-setup';
const wanted = createHash('sha256')
  .update(readFileSync('package-lock.json'))
  .update(process.platform + process.arch)
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error('run this through npm: npm run setup');
  const { status } = spawnSync(
    process.execPath,
    [npm, 'install', '--include=dev', '--no-save', '--no-audit', '--no-fund'],
    {
      stdio: ['ignore', 2, 2],
      // npm 10 does not know allowScripts: without this it would run a download script.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    },
  );
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, wanted);
}
