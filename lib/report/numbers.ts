import { markup, type Markup } from './markup.js';

/** A whole number with commas between thousands. */
export function count(value: number | undefined): Markup {
  return data(value, (number) => number.toLocaleString('en-US'));
}

/** An error or a bound, with two digits. */
export function small(value: number | undefined): Markup {
  return data(value, (number) => (number === 0 ? '0' : number.toExponential(1)));
}

/** A ratio: two decimals, or the exponential form where it is very small or large. */
export function ratio(value: number | undefined): Markup {
  return data(value, (number) =>
    number === 0 || (number >= 0.01 && number < 1000) ? number.toFixed(2) : number.toExponential(1),
  );
}

/** A value of a tensor, with seven digits: about the precision of float32. */
export function element(value: number | undefined): Markup {
  return data(value, (number) => String(Number(number.toPrecision(7))));
}

export function milliseconds(value: number): Markup {
  return data(value, (number) =>
    number < 1000 ? `${number.toFixed(1)} ms` : `${(number / 1000).toFixed(2)} s`,
  );
}

/** The relative change of a count, such as -12.3 %. */
export function change(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined || before === 0) return '';
  if (before === after) return '0 %';
  const percent = (after / before - 1) * 100;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
}

/** A rounded number for readers, with the exact value as an attribute for programs. */
function data(value: number | undefined, text: (value: number) => string): Markup {
  if (value === undefined) return markup`unknown`;
  const shown = Number.isFinite(value) ? text(value) : String(value);
  return markup`<data value="${String(value)}">${shown}</data>`;
}
