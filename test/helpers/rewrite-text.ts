// Rewrites models written as text, and checks the graph after every single rewrite.

import { ReferenceBackend } from '#convfuse/backend/reference/index.js';
import { checkModel } from '#convfuse/ir/check.js';
import type { Model } from '#convfuse/ir/model.js';
import { Room } from '#convfuse/ir/room.js';
import { parseText, printNodes, type TextOptions } from '#convfuse/ir/text.js';
import { constantOfValue } from '#convfuse/ir/view.js';
import { rewriteModel, type RewriteOptions, type Site } from '#convfuse/rewrite/rewriter.js';
import type { Facts, Rule } from '#convfuse/rewrite/rule.js';

/** Facts that know what is declared, and no more. */
export const declaredFacts: Facts = {
  backend: new ReferenceBackend('tests'),
  room: new Room(),
  dims(value) {
    const dims = constantOfValue(value)?.dims ?? value.declaration?.dims;
    return dims?.map((dim) => (typeof dim === 'number' ? dim : undefined));
  },
};

export type RewriteTextOptions = Partial<RewriteOptions> & TextOptions;

/** Applies rules to a model, in place, checking it after every rewrite. */
export function rewriteChecked(
  model: Model,
  rules: readonly Rule[],
  options: RewriteTextOptions = {},
): Site[] {
  checkModel(model);
  const onRewrite = (): void => checkModel(model);
  const sites = rewriteModel(model, rules, { facts: declaredFacts, onRewrite, ...options });
  checkModel(model);
  return sites;
}

/** The nodes of the main graph after rewriting, as text. */
export function rewriteText(
  text: string,
  rules: readonly Rule[],
  options: RewriteTextOptions = {},
): string {
  const model = parseText(text, options);
  rewriteChecked(model, rules, options);
  return printNodes(model.graph);
}

/** Sites in the form in which --explain prints them. */
export function siteLines(sites: readonly Site[]): string[] {
  return sites.map(({ verdict, node, rule, into, reason, detail }) =>
    verdict === 'fused' ? `fused ${node} into ${into} (${rule})` : `${node}: ${reason}: ${detail}`,
  );
}
