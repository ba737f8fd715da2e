import { ConvfuseError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import { Chunks } from './chunks.js';
import { copyRecord } from './copy-record.js';
import { GraphWriter } from './graph-writer.js';
import { MAX_MODEL_BYTES } from './limits.js';
import { MODEL } from './message-shapes.js';
import type { GraphOrigin, ModelOrigin } from './origin.js';
import type { Placement } from './placement.js';
import { MODEL_FUNCTIONS, MODEL_GRAPH } from './read.js';
import type { Source } from './source.js';
import { Records } from './wire.js';

/** The source of a model that was built in memory: there is nothing to copy from. */
const NO_SOURCE: Source = { bytes: new Uint8Array(0), external: undefined, path: undefined };

/**
 * Encodes a model by splicing the records of its source: everything unchanged is the same bytes in
 * the same order, unknown fields included. An unchanged model is its source.
 *
 * @returns ranges, most of them of the source: nothing large is copied
 * @throws ConvfuseError ERR_LIMIT when the file would exceed 2 GiB; ERR_EXTERNAL_DATA and the other
 * codes of reading external data, when that has to be read
 */
export function encodeChunks(model: Model, placement: Placement): Chunks {
  if (placement.kind !== 'keep') return encode(model, placement);
  const { revision, changed, constantInitializers } = model;
  const found = encoded.get(model);
  if (
    found?.revision === revision &&
    found.changed === changed &&
    found.constantInitializers === constantInitializers
  ) {
    return found.chunks;
  }
  const chunks = encode(model, placement);
  encoded.set(model, { revision, changed, constantInitializers, chunks });
  return chunks;
}

/** Cached encodings: the size of a model is asked for before it is written. */
const encoded = new WeakMap<
  Model,
  Pick<Model, 'revision' | 'changed' | 'constantInitializers'> & { readonly chunks: Chunks }
>();

function encode(model: Model, placement: Placement): Chunks {
  const source = (model.origin as ModelOrigin | undefined) ?? NO_SOURCE;
  const chunks = new Chunks();
  if (!model.changed && placement.kind === 'keep' && source !== NO_SOURCE) {
    return chunks.push(source.bytes);
  }
  const graphs = new GraphWriter(source, placement);
  if (source === NO_SOURCE)
    writeHead(model, chunks).message(MODEL_GRAPH, graphs.encode(model.graph));
  const bodies = new Map<number, Graph>();
  for (const { body } of model.functions) bodies.set((body.origin as GraphOrigin).start, body);
  const records = new Records(source.bytes, { start: 0, end: source.bytes.length });
  while (records.next()) {
    if (records.field === MODEL_GRAPH) chunks.replace(records, graphs.encode(model.graph));
    else if (records.field === MODEL_FUNCTIONS) {
      const body = bodies.get(records.body);
      if (body !== undefined) chunks.replace(records, graphs.encode(body));
    } else copyRecord(records, MODEL, source, placement, chunks);
  }
  if (source !== NO_SOURCE) writeOpsets(model.imports, chunks);
  if (chunks.length > MAX_MODEL_BYTES) {
    throw new ConvfuseError(
      'ERR_LIMIT',
      `the model takes ${chunks.length} bytes, and 2 GiB is the limit of the format`,
    );
  }
  return chunks;
}

/** Writes the head of a model that was built in memory, as tests do. */
function writeHead(model: Model, chunks: Chunks): Chunks {
  if (model.functions.length > 0) {
    throw new ConvfuseError(
      'ERR_UNSUPPORTED',
      'functions can only be written if they were read from a file',
    );
  }
  chunks.integer(1, model.irVersion);
  if (model.producer !== '') chunks.text(2, model.producer);
  writeOpsets(model.opsets, chunks);
  return chunks;
}

function writeOpsets(opsets: ReadonlyMap<string, number>, chunks: Chunks): void {
  for (const [domain, version] of opsets) {
    chunks.message(8, new Chunks().text(1, domain).integer(2, version));
  }
}
