import { prepareReport, version, type FileReport, type FuseRun } from '../index.js';
import { failureOf } from './failure.js';
import { note, printError } from './print.js';
import { plural, safe } from './text.js';

/** The HTML report of a run: --report. */
export interface RunReport {
  /** @returns whether it was written; if not, the error has been printed */
  write(outcome: Pick<FuseRun, 'models' | 'found' | 'interrupted'>): Promise<boolean>;
}

/** How many outputs an error names. The table, or the JSON document, lists all of them. */
const MOST_NAMED = 10;

/**
 * Checks, before any work, that the report can be written; undefined without --report.
 *
 * @throws ConvfuseError ERR_OUTPUT, ERR_IO
 */
export async function startReport(
  {
    report,
    force = false,
    resume = false,
  }: { readonly report?: string; readonly force?: boolean; readonly resume?: boolean },
  surroundings: Pick<FuseRun, 'machine' | 'options'>,
): Promise<RunReport | undefined> {
  if (report === undefined) return undefined;
  const file = await prepareReport(report, { force, resume });
  return {
    write: async (outcome) => {
      try {
        await file.write({ ...outcome, ...surroundings, version });
        return true;
      } catch (error) {
        const { code, message } = failureOf(error);
        printError(code, `the report was not written: ${message}`);
        note(`note: ${writtenText(outcome.models)}`);
        return false;
      }
    },
  };
}

function writtenText(models: readonly FileReport[]): string {
  const outputs = models.flatMap(({ output }) => (output === undefined ? [] : [safe(output)]));
  if (outputs.length === 0) return 'no output was written';
  const rest = outputs.length - MOST_NAMED;
  const more = rest > 0 ? ` and ${rest} more` : '';
  const verb = outputs.length === 1 ? 'was' : 'were';
  const named = outputs.slice(0, MOST_NAMED).join(', ');
  return `${plural(outputs.length, 'output')} ${verb} written nevertheless: ${named}${more}`;
}
