import { rules } from '../../index.js';
import { outColors, print, printJson } from '../print.js';
import { plural } from '../text.js';
import type { AddCommand } from './command.js';

/** `convfuse rules`: the rule table. */
export const addRules: AddCommand = (command) => {
  command.option('--json', 'print one JSON document').action((flags: { readonly json?: true }) => {
    if (flags.json === true) printJson({ schema: 1, rules: rules.map(ruleData) });
    else printRules();
  });
};

function ruleData(rule: (typeof rules)[number]): object {
  const { name, level, target = 'portable', optIn, doc, roots, conditions, example } = rule;
  return {
    name,
    level,
    target,
    optIn: optIn ?? null,
    formula: doc,
    roots,
    conditions: conditions.map((condition) => ({ name: condition.name, doc: condition.doc })),
    example,
  };
}

function printRules(): void {
  for (const { name, level, target, optIn, doc, roots, conditions, example } of rules) {
    const only = target === 'ort' ? ', --target ort' : optIn === undefined ? '' : `, --${optIn}`;
    print(`${outColors.bold(name)}  (${level}${only}, at ${roots.join(', ')})`);
    print(`  ${doc}`);
    for (const condition of conditions) print(`  - ${condition.name}: ${condition.doc}`);
    print(`  ${outColors.dim('before')}`);
    for (const line of example.before.trim().split('\n')) print(`    ${line.trim()}`);
    print(`  ${outColors.dim('after')}`);
    for (const line of example.after.trim().split('\n')) print(`    ${line.trim()}`);
    print('');
  }
  print(plural(rules.length, 'rule'));
}
