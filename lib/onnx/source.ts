import type { ExternalData } from './external-data.js';

/** The file a model was read from. */
export interface Source {
  /** Never written to, because constants are views of it. */
  readonly bytes: Uint8Array;
  /** Absolute path of the file; undefined for a model read from bytes. */
  readonly path: string | undefined;
  /** undefined for a model read from bytes, which has no folder for data files. */
  readonly external: ExternalData | undefined;
}
