// Renders docs/rules.md from the rule table: npm run docs:rules. With --check it writes nothing and
// fails when the file is stale. Everything comes from the code, but for the peers' table.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { PEER_REASONS, PEER_TABLE, PEERS } from './peers.mjs';

const target = new URL('../docs/rules.md', import.meta.url);

/**
 * @param rules the rule table
 * @param reasons meanings by reason
 * @param peers cells by rule: exactly one row for each rule
 * @returns the text of docs/rules.md
 */
export function renderRules(rules, reasons, peers = PEER_TABLE) {
  return `${[
    '# Rules',
    '',
    'Rendered from the rule table by `npm run docs:rules`; do not edit. `convfuse rules` prints the',
    'same table. Rules are tried at a node in this order, until nothing changes; those of --target ort',
    'after all others, as what they make is an operator of onnxruntime. A rule applies where',
    'its structure matches and all of its conditions hold; otherwise `fuse --explain` prints the reason.',
    'Examples are in the text form of ONNX: declarations, then nodes.',
    '',
    ...rules.map(
      (rule) =>
        `- [${rule.name}](#${rule.name})${rule.level === 'basic' ? '' : ` (${rule.level})`}` +
        `${asked(rule, ' (', ')')}: ${rule.doc}`,
    ),
    '',
    ...rules.flatMap(ruleSection),
    '## Reasons',
    '',
    'Why a site was left alone. The list is closed and stable: scripts may switch on it.',
    '',
    ...table(
      ['reason', 'meaning'],
      Object.entries(reasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    ),
    '',
    '## What other tools do',
    '',
    'Read from the sources and issue trackers of each, or measured with onnxruntime-node 1.30 at the',
    'level named. A dash: not verified.',
    '',
    ...table(
      ['rule', ...PEERS],
      [
        ...peerRows(rules, peers),
        ['[a reason for every site left alone](#reasons)', ...PEER_REASONS],
      ],
    ),
  ].join('\n')}\n`;
}

/** The option that a rule waits for, if any. */
function asked({ target, optIn }, before, after = '') {
  const option = target === 'ort' ? '--target ort' : optIn && `--${optIn}`;
  return option === undefined ? '' : `${before}${option}${after}`;
}

function ruleSection(rule) {
  const { name, level, doc, roots, conditions, example } = rule;
  return [
    `## ${name}`,
    '',
    `Level ${level}, tried at ${roots.join(', ')}${asked(rule, ', only with ')}.`,
    '',
    '```',
    doc,
    '```',
    '',
    ...(conditions.length === 0
      ? ['No conditions beyond its structure.']
      : conditions.map((condition) => `- **${condition.name}**: ${condition.doc}`)),
    '',
    ...block('Before', example.before),
    ...block('After', example.after),
  ];
}

function block(title, text) {
  const lines = text.trim().split('\n');
  return [`${title}:`, '', '```', ...lines.map((line) => line.trim()), '```', ''];
}

function peerRows(rules, peers) {
  const names = rules.map(({ name }) => name);
  const missing = names.filter((name) => !Object.hasOwn(peers, name));
  const astray = Object.keys(peers).filter((name) => !names.includes(name));
  const short = Object.keys(peers).filter((name) => peers[name].length !== PEERS.length);
  const problems = [
    ...missing.map((name) => `no row for rule ${name}`),
    ...astray.map((name) => `a row for ${name}, which is no rule`),
    ...short.map((name) => `${peers[name].length} cells for ${name}, expected ${PEERS.length}`),
  ];
  if (problems.length > 0) throw new Error(`scripts/peers.mjs: ${problems.join('; ')}`);
  return names.map((name) => [`[${name}](#${name})`, ...peers[name]]);
}

/** A table of Markdown; a bar in a cell would end it. */
function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) {
  const { ALL_RULES } = await import('../dist/rules/index.js');
  const { REASONS } = await import('../dist/rewrite/reasons.js');
  const text = renderRules(ALL_RULES, REASONS);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${fileURLToPath(target)} is stale: npm run docs:rules`);
    process.exitCode = 1;
  }
}
