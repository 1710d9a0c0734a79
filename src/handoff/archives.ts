/** Absolute paths of what has, or may have, something that only a lost lineage had (handoff rule 30). */
export interface Archives {
  /** Of the last rejoin, the empty string where there is none. */
  readonly archive: string;
  /** Those of before, oldest first: of a rejoin that a later lineage broke off, and of one that left something. */
  readonly earlier?: readonly string[];
}

/** Oldest first. */
export function archivesIn({ archive, earlier = [] }: Archives): readonly string[] {
  return [...earlier, archive].filter((each) => each !== '');
}

/** Of paths, oldest first. */
export function archivesFrom(paths: readonly string[]): Archives {
  const earlier = paths.slice(0, -1);
  return { archive: paths.at(-1) ?? '', ...(earlier.length > 0 && { earlier }) };
}
