import path from 'node:path';
import { fileURLToPath } from 'node:url';

import bindings from 'bindings';

import { version } from '../../version.js';
import type { Addon } from './addon.js';

export type LoadResult = { readonly addon: Addon } | { readonly reason: string };

// The root of the package, seen from dist/backend/native.
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

let loaded: LoadResult | undefined;

/**
 * The addon, or the reason why there is none. A local build is preferred to a prebuilt one; either
 * is tried when the other is absent, broken or left over from another version of this package. The
 * outcome is cached.
 */
export function loadAddon(): LoadResult {
  loaded ??= tryToLoad();
  return loaded;
}

function tryToLoad(): LoadResult {
  const reasons: string[] = [];
  for (const folder of [() => ['build', 'Release'], () => ['prebuilds', platformName()]]) {
    const tried = ['module_root', ...folder(), 'bindings'];
    try {
      const addon = bindings({ bindings: 'convfuse', module_root: root, try: [tried] }) as Addon;
      const built = addon.info().version;
      if (built === version) return { addon };
      reasons.push(`${folder().join('/')}: built for version ${built}, this is ${version}`);
    } catch (error) {
      reasons.push(`${folder().join('/')}: ${shortReason(error)}`);
    }
  }
  return { reason: reasons.join('; ') };
}

function shortReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const missing = error.message.startsWith('Could not locate the bindings file');
  return missing ? 'no addon there' : error.message.split('\n')[0]!;
}

function platformName(): string {
  return `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
}

/** Whether the C library of this Linux is musl: the process report then has no glibc version. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  // `excludeNetwork` is not in the types yet. Without it the report resolves network addresses,
  // which takes seconds on some machines.
  const reporter = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = reporter;
  reporter.excludeNetwork = true;
  const report = reporter.getReport() as { header?: { glibcVersionRuntime?: string } };
  reporter.excludeNetwork = excludeNetwork;
  return report.header?.glibcVersionRuntime === undefined;
}
