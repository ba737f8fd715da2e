// Placements: where the elements of tensors are stored when a model is written.

/** Keeps elements where the source has them; those of new tensors go inside the model. */
export interface KeepPlacement {
  readonly kind: 'keep';
}

/** Puts all elements inside the model. */
export interface InlinePlacement {
  readonly kind: 'inline';
}

/** A block of bytes of the data file to be written. */
export interface DataBlock {
  readonly offset: number;
  readonly length: number;
  read(): Uint8Array;
}

/**
 * In one new data file: the elements that the source has in data files, and those of large new
 * tensors. The list of blocks is filled while the model is encoded.
 */
export class DataFilePlacement {
  readonly kind = 'data file';
  readonly location: string;
  /** Whether large tensors inside the source also move, because the model would exceed 2 GiB. */
  readonly everything: boolean;
  readonly blocks: DataBlock[] = [];
  length = 0;
  readonly #known = new Map<string, DataBlock>();

  constructor(location: string, everything: boolean) {
    this.location = location;
    this.everything = everything;
  }

  /** @param identity the same for tensors that share their bytes; undefined: not shared */
  add(identity: string | undefined, length: number, read: () => Uint8Array): DataBlock {
    const known = identity === undefined ? undefined : this.#known.get(identity);
    if (known !== undefined) return known;
    // Page-aligned, so that readers may map single tensors.
    const offset = Math.ceil(this.length / PAGE) * PAGE;
    const block = { offset, length, read };
    this.length = offset + length;
    this.blocks.push(block);
    if (identity !== undefined) this.#known.set(identity, block);
    return block;
  }
}

export type Placement = KeepPlacement | InlinePlacement | DataFilePlacement;

/** Smaller tensors stay inside the model, as onnx's own tools do it. */
export const LEAST_EXTERNAL_BYTES = 1024;
const PAGE = 4096;
