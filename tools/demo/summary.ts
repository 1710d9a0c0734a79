/** The demo's verdict: made from what was recorded, so that a wrong file cannot be talked away. */
import { compareChecksums } from '../kube/tree.ts';
import type { CheckObservation, Observations } from './observations.ts';

export interface Summary {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly failures: readonly string[];
}

function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ');
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}

function checkFailures(check: CheckObservation): readonly string[] {
  const { missing, changed } = compareChecksums(check.expected, check.found);
  const where = `${check.label} on ${check.node}`;
  const failures: string[] = [];
  if (Object.keys(check.expected).length === 0) failures.push(`${where}: nothing was there to compare`);
  if (missing.length > 0) failures.push(`${where}: ${missing.length} file(s) missing: ${some(missing)}`);
  if (changed.length > 0)
    failures.push(`${where}: ${changed.length} file(s) with other content: ${some(changed)}`);
  return failures;
}

function movedTwice(seen: Observations): readonly string[] {
  const nodes = seen.pods.map((pod) => pod.node);
  const uids = new Set(seen.pods.map((pod) => pod.uid));
  const failures: string[] = [];
  if (seen.pods.length < 3) failures.push(`only ${seen.pods.length} of 3 pods were seen`);
  if (uids.size !== seen.pods.length) failures.push('a pod that should be new was the old one');
  if (nodes.some((node, index) => index > 0 && node === nodes[index - 1]))
    failures.push('a pod did not move');
  return failures;
}

function partFailures(seen: Observations): readonly string[] {
  const failures: string[] = [];
  if (seen.checks.length < 2) failures.push(`only ${seen.checks.length} of 2 comparisons were made`);
  if (seen.copies.length < 2 || seen.copies.some((copy) => !copy.inSync))
    failures.push('the copies were not seen in sync');
  if (seen.powerCut === undefined) failures.push('no power was cut');
  else if (seen.powerCut.acknowledged === 0)
    failures.push('no write was acknowledged before the power was cut');
  if (seen.comeback === undefined) failures.push('the dead node was not seen back');
  return failures;
}

function lines(seen: Observations): readonly string[] {
  const pods = seen.pods.map(
    (pod) => `${pod.label}: pod on ${pod.node}, ready after ${pod.seconds.toFixed(1)} s`,
  );
  const checks = seen.checks.map(
    (check) =>
      `${check.label}: ${Object.keys(check.expected).length} files expected, ${Object.keys(check.found).length} found on ${check.node}`,
  );
  const cut = seen.powerCut;
  const lost =
    cut === undefined
      ? []
      : [
          `power cut on ${cut.node}: ${cut.written} files written, ${cut.acknowledged} of them acknowledged (replicated through ${cut.replicatedThrough})`,
        ];
  const back = seen.comeback;
  const archive =
    back === undefined
      ? []
      : [
          `${back.node} is back and in sync; it had ${back.archivedFiles.length} file(s) alone, kept in ${back.archive}`,
        ];
  return [...pods, ...checks, ...lost, ...archive];
}

/** Every line is something that was seen; `failures` is what was not, or was seen wrong. */
export function summarise(seen: Observations): Summary {
  const failures = [...seen.checks.flatMap(checkFailures), ...movedTwice(seen), ...partFailures(seen)];
  return { ok: failures.length === 0, lines: lines(seen), failures };
}
