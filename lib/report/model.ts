import type { FileReport } from '../api/report.js';
import { markup, name, sentence, type Content, type Markup } from './markup.js';
import { measures } from './measures.js';
import { operators } from './operators.js';
import { sites } from './sites.js';
import { facts } from './table.js';
import { times, verification } from './verification.js';

/** The section of one model. @param index its position among the models, which names its anchor */
export function modelSection(report: FileReport, index: number): Markup {
  const { input, output, error } = report;
  const entries: (readonly [string, Content])[] = [
    ['status', status(report)],
    ['model', sentence(input)],
    ['written to', output === undefined ? 'not written' : sentence(output)],
  ];
  if (error !== undefined) {
    entries.push(['error', markup`<code>${error.code}</code> ${sentence(error.message)}`]);
  }
  const verdicts = error !== undefined && report.before === undefined ? undefined : sites(report);
  return markup`<section id="${anchor(index)}" aria-labelledby="${anchor(index)}-title">
<h2 id="${anchor(index)}-title">${name(input)}</h2>
${facts('Result', entries)}${measures(report)}${operators(report)}${
    verdicts &&
    markup`<h3>Sites</h3>
${verdicts}`
  }${verification(report)}${times(report)}<p class="back"><a href="#models">All models</a></p>
</section>
`;
}

/** The status of a model, and whether an earlier run finished it. */
export function status({ status: became, resumed }: FileReport): Markup {
  const earlier = resumed === true ? ', by an earlier run' : undefined;
  return markup`<span class="${became}">${became}</span>${earlier}`;
}

export function anchor(index: number): string {
  return `model-${index + 1}`;
}
