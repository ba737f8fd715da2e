import type { ActivationStudy, ActivationSwap, TimeChange } from '../index.js';
import { outColors, print } from './print.js';
import { tableText } from './table.js';
import { errorText, plural, safe, spreadText } from './text.js';

/** Prints the result of `activations`: the layers in order, then all of them swapped together. */
export function printStudy(study: ActivationStudy): void {
  const { layers, total, chosen } = study;
  if (layers.length === 0) {
    print(`no activation of these kinds: ${study.replace.join(', ')}`);
    return;
  }
  const rows = layers.map(({ node, activation, layer, error, time, chosen: isChosen }, at) => [
    String(at + 1),
    safe(node),
    activation,
    layer === undefined ? '-' : safe(layer),
    ...errorCells(error),
    ...timeCells(time),
    ...(chosen === undefined ? [] : [isChosen ? outColors.green('swapped') : 'kept']),
  ]);
  const head = ['', 'node', 'activation', 'layer', 'relative L2', 'largest', 'top-1'];
  const times = ['ms before', `ms with ${study.with}`, 'ratio'];
  print(tableText([...head, ...times, ...(chosen ? [''] : [])], rows, [0, 4, 5, 6, 7, 8, 9]));
  print('');
  print(`${outColors.bold('all swapped')}: ${swapText(total)}`);
  if (chosen !== undefined) {
    print(
      `${outColors.bold('within the budget')} of ${chosen.budget}: ` +
        `${chosen.layers} of ${plural(layers.length, 'layer')}: ${swapText(chosen)}`,
    );
  }
  const random = study.inputs === 'random' ? `, random, seed ${study.seed}` : '';
  print(`measured on ${plural(study.runs, 'input')}${random}`);
}

function errorCells({ relL2, maxAbs, top1Agreement }: ActivationSwap['error']): string[] {
  return [errorText(relL2), errorText(maxAbs), shareText(top1Agreement)];
}

function timeCells(time: TimeChange | undefined): string[] {
  if (time === undefined) return ['-', '-', '-'];
  return [time.before.median.toFixed(3), time.after.median.toFixed(3), spreadText(time.ratio)];
}

function swapText({ error, time }: ActivationSwap): string {
  const top1 =
    error.top1Agreement === undefined ? '' : `, top-1 agrees on ${shareText(error.top1Agreement)}`;
  const ran =
    time === undefined
      ? ''
      : `; a run takes ${time.before.median.toFixed(2)} -> ${time.after.median.toFixed(2)} ms, ` +
        `ratio ${spreadText(time.ratio)}`;
  return `relative L2 ${errorText(error.relL2)}, largest ${errorText(error.maxAbs)}${top1}${ran}`;
}

function shareText(share: number | undefined): string {
  return share === undefined ? '-' : `${(100 * share).toFixed(1)} %`;
}
