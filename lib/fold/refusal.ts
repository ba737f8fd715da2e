/** Why numbers cannot be folded. The reasons are among those of rewrite/rule.ts. */
export interface FoldRefusal {
  readonly reason: 'non-finite' | 'precision-loss' | 'padding';
  readonly detail: string;
}

export function isFoldRefusal<T extends object>(result: T | FoldRefusal): result is FoldRefusal {
  return 'reason' in result;
}
