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

/** A NodeProto with its names; attributes as ranges. */
export interface NodeRecord {
  readonly range: Range;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Range[];
  /** Whether device configurations are bound to it. */
  readonly placed: boolean;
}

/** @throws ConvfuseError ERR_MODEL, ERR_LIMIT */
export function parseNode(bytes: Uint8Array, range: Range): NodeRecord {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Range[] = [];
  let name = '';
  let opType = '';
  let domain = '';
  let overload = '';
  let placed = false;
  const records = new Records(bytes, range);
  while (records.next()) {
    const text = (): string => decodeText(bytes, records.body, records.end);
    switch (records.field) {
      case NODE_INPUT:
        inputs.push(text());
        if (inputs.length > MAX_OPERANDS) throw tooMany('inputs', MAX_OPERANDS);
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
      case NODE_ATTRIBUTE:
        attributes.push(records.payload);
        if (attributes.length > MAX_ATTRIBUTES) throw tooMany('attributes', MAX_ATTRIBUTES);
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
  return { range, name, opType, domain, overload, inputs, outputs, attributes, placed };
}

/** The default domain has two names. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function tooMany(what: string, limit: number): ConvfuseError {
  return new ConvfuseError('ERR_LIMIT', `a node has more than ${limit} ${what}`);
}
