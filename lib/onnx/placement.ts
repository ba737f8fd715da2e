// Where the elements of tensors go when a model is written.

/** As the source has them; new tensors inside the model. */
export interface KeepPlacement {
  readonly kind: 'keep';
}

/** All inside the model. */
export interface InlinePlacement {
  readonly kind: 'inline';
}

/** A block of bytes of the data file to be made. */
export interface DataBlock {
  readonly offset: number;
  readonly length: number;
  read(): Uint8Array;
}

/**
 * In one new data file: what the source had in data files, and new tensors that are large
 * enough. It is filled while the model is encoded.
 */
export class DataFilePlacement {
  readonly kind = 'data file';
  readonly location: string;
  /** Also what the source had inside the model, for a model that would pass 2 GiB. */
  readonly everything: boolean;
  readonly blocks: DataBlock[] = [];
  length = 0;
  readonly #known = new Map<string, DataBlock>();

  constructor(location: string, everything: boolean) {
    this.location = location;
    this.everything = everything;
  }

  /** @param identity same for tensors that share their bytes; undefined: shared with none */
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

/** onnx's own tools leave smaller tensors inside the model. */
export const LEAST_EXTERNAL_BYTES = 1024;
const PAGE = 4096;
