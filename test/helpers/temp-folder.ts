import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ExecutionContext } from 'ava';

/** A folder of its own for one test, removed after it. */
export function tempFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'convfuse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
