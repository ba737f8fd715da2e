import { argumentError } from '../errors.js';
import type { Level, Rule } from './rule.js';

export interface RuleChoice {
  /** basic (default): exact folds. extended: also merges of siblings and branches. */
  readonly level?: Level | undefined;
  /** Apply rules on quantised models too. */
  readonly quantized?: boolean | undefined;
  /** Names of the only rules to apply, whatever their level. */
  readonly only?: readonly string[] | undefined;
  /** Names of rules to leave out. */
  readonly skip?: readonly string[] | undefined;
}

/**
 * The rules of a table that are switched on, in its order.
 *
 * @throws ConvfuseError ERR_ARGUMENT for a name that no rule has, and for a malformed table
 */
export function chooseRules(table: readonly Rule[], choice: RuleChoice): readonly Rule[] {
  checkTable(table);
  const { level = 'basic', quantized = false } = choice;
  const only = namesOf(table, choice.only, 'only');
  const skip = namesOf(table, choice.skip, 'skip');
  return table.filter((rule) => {
    if (skip?.has(rule.name) === true) return false;
    const asked = rule.optIn === undefined || quantized;
    return only?.has(rule.name) ?? (asked && (level === 'extended' || rule.level === 'basic'));
  });
}

function namesOf(
  table: readonly Rule[],
  names: readonly string[] | undefined,
  option: string,
): ReadonlySet<string> | undefined {
  if (names === undefined) return undefined;
  if (!Array.isArray(names)) throw argumentError('an array of rule names', option, names);
  for (const name of names as readonly string[]) {
    if (!table.some((rule) => rule.name === name)) {
      throw argumentError('the name of a rule', option, name);
    }
  }
  return new Set(names);
}

/** Checks types at run time, since JavaScript users pass rules too. */
function checkTable(table: readonly Rule[]): void {
  if (!Array.isArray(table)) throw argumentError('an array', 'rules', table);
  const names = new Set<string>();
  (table as readonly Rule[]).forEach((rule, index) => {
    const at = `rules[${index}]`;
    if (typeof rule !== 'object' || rule === null) throw argumentError('a rule', at, rule);
    const { name, level, roots, conditions } = rule;
    if (typeof name !== 'string' || name === '') throw argumentError('a name', `${at}.name`, name);
    if (names.has(name)) throw argumentError('a name that no other rule has', `${at}.name`, name);
    names.add(name);
    if (level !== 'basic' && level !== 'extended') {
      throw argumentError("'basic' or 'extended'", `${at}.level`, level);
    }
    if (!Array.isArray(roots)) throw argumentError('an array', `${at}.roots`, roots);
    if (!Array.isArray(conditions)) throw argumentError('an array', `${at}.conditions`, conditions);
    for (const part of ['match', 'rewrite'] as const) {
      if (typeof rule[part] !== 'function') {
        throw argumentError('a function', `${at}.${part}`, rule[part]);
      }
    }
  });
}
