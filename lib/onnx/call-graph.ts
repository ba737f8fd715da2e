import { ConvfuseError } from '../errors.js';
import type { Model, ModelFunction } from '../ir/model.js';
import { MAX_CALL_DEPTH } from './limits.js';
import { modelError, quoted } from './model-error.js';

/**
 * Refuses functions that call each other in a cycle or too deeply: inlining them would never end.
 *
 * @throws ConvfuseError ERR_MODEL, ERR_DEPTH
 */
export function checkCalls(model: Model): void {
  const byName = new Map(model.functions.map((fn) => [key(fn.domain, fn.name, fn.overload), fn]));
  const calls = new Map<ModelFunction, ModelFunction[]>();
  const callers = new Map<ModelFunction, number>(model.functions.map((fn) => [fn, 0]));
  for (const fn of model.functions) {
    const called = new Set<ModelFunction>();
    for (const graph of fn.body.withBodies()) {
      for (const node of graph.nodes()) {
        const callee = byName.get(key(node.domain, node.opType, node.overload));
        if (callee !== undefined) called.add(callee);
      }
    }
    calls.set(fn, [...called]);
    for (const callee of called) callers.set(callee, callers.get(callee)! + 1);
  }
  // Kahn's algorithm from the functions that nothing calls: those never reached are in a cycle.
  const depth = new Map<ModelFunction, number>();
  const ready = model.functions.filter((fn) => callers.get(fn) === 0);
  let done = 0;
  for (let fn = ready.pop(); fn !== undefined; fn = ready.pop()) {
    done += 1;
    const below = (depth.get(fn) ?? 1) + 1;
    for (const callee of calls.get(fn)!) {
      if (below > MAX_CALL_DEPTH) {
        throw new ConvfuseError('ERR_DEPTH', `functions call each other ${below} deep`);
      }
      depth.set(callee, Math.max(depth.get(callee) ?? 1, below));
      const left = callers.get(callee)! - 1;
      callers.set(callee, left);
      if (left === 0) ready.push(callee);
    }
  }
  if (done < model.functions.length) {
    const circular = model.functions.find((fn) => callers.get(fn)! > 0)!;
    throw modelError(`function ${quoted(circular.name)} calls itself, directly or through others`);
  }
}

function key(domain: string, name: string, overload: string): string {
  return `${domain}\0${name}\0${overload}`;
}
