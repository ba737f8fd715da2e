import {
  constantParameters as constant,
  firstRefusal,
  notOverridable as overridable,
} from '../rewrite/conditions.js';
import { widen, type StoredArray } from '../fold/stored.js';
import type { Value } from '../ir/value.js';
import { isFloatType, type FloatType } from '../tensor/dtype.js';
import type { Condition } from '../rewrite/rule.js';
import { leavesOf, parameterOf } from './parameter.js';

// The shared guards on parameters, extended to parameters that nodes compute from constants.

export const constantParameters: Condition = {
  ...constant,
  doc: 'Every parameter is a constant, or computed from constants alone.',
  check: (match, facts) =>
    constant.check(
      { ...match, parameters: match.parameters.filter((value) => !parameterOf(value)) },
      facts,
    ),
};

export const notOverridable: Condition = {
  ...overridable,
  check: (match, facts) =>
    overridable.check({ ...match, parameters: match.parameters.flatMap(leavesOf) }, facts),
};

export const oneFloatType: Condition = {
  name: 'one-float-type',
  doc: 'All parameters have the same floating-point type.',
  check({ parameters }) {
    const [first] = parameters;
    const type = parameterOf(first)?.type;
    return firstRefusal(parameters, (value) => {
      const other = parameterOf(value)?.type;
      if (isFloatType(other) && other === type) return undefined;
      const expected = isFloatType(type) ? `${first!.name} is ${type}` : 'a float type is needed';
      return { reason: 'dtype', detail: `${expected}, ${value.name} is ${other ?? 'unknown'}` };
    });
  },
};

const finite = new WeakMap<Value, boolean>();

/** Cached, since constants are never edited and every rule asks about the same weights. */
function isFiniteConstant(value: Value): boolean {
  const known = finite.get(value);
  if (known !== undefined) return known;
  const tensor = parameterOf(value)?.read();
  const found =
    tensor === undefined ||
    !isFloatType(tensor.type) ||
    allFinite(tensor.type, tensor.data as StoredArray);
  finite.set(value, found);
  return found;
}

function allFinite(type: FloatType, stored: StoredArray): boolean {
  const values = stored instanceof Uint16Array ? widen(type, stored) : stored;
  // A finite number times 0 adds 0; any other adds NaN, which persists.
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]! * 0;
  return sum === 0;
}

export const finiteConstants: Condition = {
  name: 'finite-constants',
  doc: 'All elements of the parameters are finite, since no check could bound the error of others.',
  check: ({ parameters }) =>
    firstRefusal(parameters, (value) =>
      isFiniteConstant(value)
        ? undefined
        : { reason: 'non-finite', detail: `${value.name} has elements that are not finite` },
    ),
};

/**
 * Bytes by which a parameter may exceed the constants it is computed from. Weights that a file only
 * describes, as ConstantOfShape does, would have to be written out.
 */
const MAX_SPELLED_OUT = 4096;

export const notSpelledOut: Condition = {
  name: 'not-spelled-out',
  doc: 'No parameter is much larger than the constants that it is computed from.',
  check: ({ parameters }) =>
    firstRefusal(parameters, (value) => {
      if (value.initializer !== undefined || value.producer?.is('Constant') === true) {
        return undefined;
      }
      const bytes = parameterOf(value)?.byteLength ?? 0;
      let stored = 0;
      for (const leaf of leavesOf(value)) stored += parameterOf(leaf)?.byteLength ?? 0;
      if (bytes <= stored + MAX_SPELLED_OUT) return undefined;
      const detail = `${value.name} takes ${bytes} bytes, computed from ${stored}`;
      return { reason: 'growth', detail };
    }),
};
