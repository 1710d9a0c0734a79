import { createHash } from 'node:crypto';
import type { ProgramSet } from './program-set.ts';

/** All that decides what comes out of a build, and nothing that does not. */
export type BuildInputs = {
  readonly goMod: string;
  readonly goSum: string;
  /** `go env GOVERSION GOOS GOARCH`, one a line. */
  readonly toolchain: string;
};

/** Arguments of `go` that build the set into GOBIN. */
export function goArguments(set: ProgramSet): readonly string[] {
  const tags = set.tags === undefined ? [] : ['-tags', set.tags];
  return ['install', '-v', '-trimpath', ...tags, '-ldflags', set.ldflags, ...set.packages];
}

/** Folder name in the cache: the same inputs always give the same name, other inputs another. */
export function buildHash(set: ProgramSet, inputs: BuildInputs): string {
  const parts = [inputs.goMod, inputs.goSum, inputs.toolchain, ...goArguments(set)];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}
