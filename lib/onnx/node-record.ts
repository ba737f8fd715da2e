import { ConvfuseError } from '../errors.js';
import { MAX_ATTRIBUTES, MAX_OPERANDS } from './limits.js';
import { decodeText } from './text.js';
import { Records, type Range } from './wire.js';

/** Field numbers of NodeProto. */
export const NODE_INPUT = 1;
export const NODE_OUTPUT = 2;
export const NODE_NAME = 3;
export const NODE_OP_TYPE = 4;
export const NODE_ATTRIBUTE = 5;
export const NODE_DOMAIN = 7;
export const NODE_OVERLOAD = 8;
export const NODE_METADATA = 9;
export const NODE_DEVICES = 10;

/**
 * The fields of a NodeProto that are read in the first pass; inputs and attributes follow later.
 */
export interface NodeRecord {
  readonly range: Range;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly overload: string;
  readonly outputs: readonly string[];
  /** Whether the node has device configurations. */
  readonly placed: boolean;
}

/** @throws ConvfuseError ERR_MODEL, ERR_LIMIT */
export function parseNode(bytes: Uint8Array, range: Range): NodeRecord {
  const outputs: string[] = [];
  let inputs = 0;
  let attributes = 0;
  let name = '';
  let opType = '';
  let domain = '';
  let overload = '';
  let placed = false;
  const records = new Records(bytes, range);
  const text = (): string => decodeText(bytes, records.body, records.end);
  while (records.next()) {
    switch (records.field) {
      case NODE_INPUT:
        if (++inputs > MAX_OPERANDS) throw tooMany('inputs', MAX_OPERANDS);
        break;
      case NODE_ATTRIBUTE:
        if (++attributes > MAX_ATTRIBUTES) throw tooMany('attributes', MAX_ATTRIBUTES);
        break;
      case NODE_OUTPUT:
        outputs.push(text());
        if (outputs.length > MAX_OPERANDS) throw tooMany('outputs', MAX_OPERANDS);
        break;
      case NODE_NAME:
        name = text();
        break;
      case NODE_OP_TYPE:
        opType = text();
        break;
      case NODE_DOMAIN:
        domain = normalDomain(text());
        break;
      case NODE_OVERLOAD:
        overload = text();
        break;
      case NODE_DEVICES:
        placed = true;
    }
  }
  if (opType === '') {
    const where = name === '' ? `at byte ${range.start}` : name;
    throw new ConvfuseError('ERR_MODEL', `node ${where} has no op_type`);
  }
  return { range, name, opType, domain, overload, outputs, placed };
}

/** The names of a node's inputs, and the ranges of its attributes. */
export interface OperandRecord {
  readonly inputs: readonly string[];
  readonly attributes: readonly Range[];
}

/** Reads inputs and attributes of a record whose numbers parseNode() has checked. */
export function parseOperands(bytes: Uint8Array, range: Range): OperandRecord {
  const inputs: string[] = [];
  const attributes: Range[] = [];
  const records = new Records(bytes, range);
  while (records.next()) {
    if (records.field === NODE_INPUT) {
      inputs.push(decodeText(bytes, records.body, records.end));
    } else if (records.field === NODE_ATTRIBUTE) {
      attributes.push(records.payload);
    }
  }
  return { inputs, attributes };
}

/** Maps the two names of the default domain, '' and 'ai.onnx', to ''. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function tooMany(what: string, limit: number): ConvfuseError {
  return new ConvfuseError('ERR_LIMIT', `a node has more than ${limit} ${what}`);
}
