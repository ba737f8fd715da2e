import { machineInfo, version } from '../../index.js';
import { print, printJson } from '../print.js';
import { bytesText } from '../text.js';
import { addBackendOptions, type BackendFlags } from './backend-options.js';
import type { AddCommand } from './command.js';
import { defined } from './fuse-options.js';

/** `convfuse info`: the backend in use and why, and the hardware. */
export const addInfo: AddCommand = (command) => {
  command.option('--json', 'print one JSON document');
  addBackendOptions(command).action((flags: BackendFlags & { readonly json?: true }) => {
    const { backend, isa, threads } = flags;
    const info = machineInfo(defined({ backend, isa, threads }));
    if (flags.json === true) {
      printJson({ schema: 1, version, ...info });
      return;
    }
    const { cpu, cores, node, platform, caches } = info;
    const cacheText = caches.map(({ level, bytes }) => `L${level} ${bytesText(bytes)}`).join(', ');
    print(`convfuse   ${version}`);
    print(`backend    ${info.backend.name} (${info.backend.reason})`);
    print(`ISA        ${info.backend.isa}`);
    print(`threads    ${info.backend.threads} of ${cores} CPUs`);
    print(`CPU        ${cpu}`);
    print(`caches     ${cacheText || 'unknown'}`);
    print(`Node       ${node}, ${platform}`);
  });
};
