import { markup } from './markup.js';

/** The style sheet of a report. The contrast of text and background is at least 4.5. */
export const STYLE = markup`
:root { --ink: #1b1f24; --ground: #fff; --faint: #57606a; --line: #d0d7de; --good: #116329; --warn: #7d4e00; --bad: #a40e26; --was: #8c959f; --is: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --ground: #0d1117; --faint: #9198a1; --line: #3d444d; --good: #56d364; --warn: #e3b341; --bad: #ff8182; --was: #6e7681; --is: #58a6ff; }
}
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0; padding-top: 1rem; border-top: 2px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1.1rem; margin: 1.5rem 0 0.5rem; }
a { color: var(--is); }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
table.facts { width: auto; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--faint); font-weight: 600; }
tbody th { font-weight: 400; }
table.facts th { color: var(--faint); white-space: nowrap; }
.right { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; white-space: nowrap; }
.wide { width: 40%; }
svg { display: block; width: 100%; min-width: 4rem; height: 0.9rem; }
.was { fill: var(--was); }
.is { fill: var(--is); }
.fused, .passed { color: var(--good); font-weight: 600; }
.unchanged, .skipped { color: var(--warn); font-weight: 600; }
.failed { color: var(--bad); font-weight: 600; }
details { margin: 0.25rem 0; padding-left: 1rem; border-left: 3px solid var(--line); }
summary { cursor: pointer; overflow-wrap: anywhere; }
.back { font-size: 0.9rem; }
@media (forced-colors: active) { .was { fill: GrayText; } .is { fill: CanvasText; } }
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; color: #000; background: #fff; }
  :root { --ink: #000; --ground: #fff; --faint: #444; --line: #bbb; --good: #116329; --warn: #7d4e00; --bad: #a40e26; --was: #999; --is: #333; }
  section { break-before: page; }
  #models { break-before: auto; }
  tr, summary { break-inside: avoid; }
  thead { display: table-header-group; }
  svg { print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .back { display: none; }
}
`;
