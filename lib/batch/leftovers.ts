import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * Removes half-written files that a dead process left beside an output. Synchronous, since it also
 * runs while this process exits.
 */
export function removeLeftovers(output: string, pid: number | undefined): void {
  if (pid === undefined) return;
  const folder = path.dirname(output);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  const prefix = `.convfuse-${pid}-`; // see api/temp-file.ts
  for (const name of names) {
    if (name.startsWith(prefix)) rmSync(path.join(folder, name), { force: true });
  }
}
