/** The report of a run, or of several that add up. */
import { FAULT_KINDS, PHASES, type FaultKind, type Phase } from '../plan/fault-kind.ts';
import type { FaultCount, RoundOutcome, Run, Violation } from './outcome.ts';

export interface Report extends Run {
  readonly rounds: readonly RoundOutcome[];
}

/**
 * A round counts once, however often the report of its run is added. One that was played again counts again: what went
 * wrong in it is not undone by a run in which all went well.
 */
export function addReports(reports: readonly Report[]): Report {
  const [first] = reports;
  if (first === undefined) throw new RangeError('there is no report to add');
  const rounds = new Map(
    reports.flatMap(({ rounds: played, ...run }) => played.map((round) => keyed(round, run))),
  );
  const all = (of: keyof Run) =>
    [...new Set([...rounds.values()].map(({ run }) => run?.[of] ?? first[of]))].join(', ');
  const { startedAt } = first;
  return { startedAt, commit: all('commit'), profile: all('profile'), rounds: [...rounds.values()] };
}

function keyed(round: RoundOutcome, { startedAt, commit, profile }: Run): readonly [string, RoundOutcome] {
  const run = round.run ?? { startedAt, commit, profile };
  return [`${run.startedAt}/${round.seed}/${round.round}`, { ...round, run }];
}

export interface Totals {
  readonly rounds: number;
  readonly faults: number;
  readonly missed: number;
  readonly moves: number;
  readonly failovers: number;
  readonly verifiedTrees: number;
  readonly verifiedCopies: number;
  readonly verifiedFiles: number;
  readonly verifiedBytes: number;
  readonly stopped: number;
  readonly violations: number;
  readonly errors: number;
  readonly seconds: number;
}

export function totalsOf({ rounds }: Report): Totals {
  const sum = (count: (round: RoundOutcome) => number): number =>
    rounds.reduce((total, round) => total + count(round), 0);
  return {
    rounds: rounds.length,
    faults: sum((round) => round.faults.length),
    missed: sum((round) => round.missed.length),
    moves: sum((round) => round.moves),
    failovers: sum((round) => round.failovers),
    verifiedTrees: sum((round) => round.verifiedTrees),
    verifiedCopies: sum((round) => round.verifiedCopies),
    verifiedFiles: sum((round) => round.verifiedFiles),
    verifiedBytes: sum((round) => round.verifiedBytes),
    stopped: sum((round) => round.stopped.length),
    violations: sum((round) => round.violations.length),
    errors: sum((round) => round.errors.length),
    seconds: sum((round) => round.seconds),
  };
}

export type FaultTable = Readonly<Record<FaultKind, Readonly<Record<Phase, number>>>>;

export function faultTable(counts: readonly FaultCount[]): FaultTable {
  const row = (kind: FaultKind) =>
    Object.fromEntries(
      PHASES.map((phase) => [phase, counts.filter((c) => c.kind === kind && c.phase === phase).length]),
    ) as Record<Phase, number>;
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, row(kind)])) as Record<
    FaultKind,
    Record<Phase, number>
  >;
}

function tableLines(report: Report): readonly string[] {
  const table = faultTable(report.rounds.flatMap((round) => round.faults));
  const rows = FAULT_KINDS.map((kind) => {
    const cells = PHASES.map((phase) => table[kind][phase]);
    const sum = cells.reduce((total, count) => total + count, 0);
    return [kind, ...cells.map((count) => (count === 0 ? '' : String(count))), String(sum)];
  });
  return [['fault', ...PHASES, 'sum'], ...rows].map(([name = '', ...cells]) =>
    [name.padEnd(30), ...cells.map((cell) => cell.padStart(10))].join(''),
  );
}

function violationLines(violation: Violation): readonly string[] {
  const head = `round ${violation.round}, volume ${violation.volume}, ${violation.where}:`;
  if (violation.kind === 'stuck') return [`${head} ${violation.message}`];
  const wrong = violation.wrong
    .slice(0, 5)
    .map(({ kind, path, expected, found }) => `    ${kind} ${path}: expected ${expected}; found ${found}`);
  return [`${head} ${violation.count} path(s) wrong`, ...wrong];
}

/** For people. */
export function reportText(report: Report): string {
  const totals = totalsOf(report);
  const seeds = [...new Set(report.rounds.map((round) => round.seed))].join(', ');
  const gib = (totals.verifiedBytes / 2 ** 30).toFixed(2);
  const lines = [
    `chaos: ${totals.rounds} rounds of seed ${seeds}, profile ${report.profile}, commit ${report.commit}, ${Math.round(totals.seconds / 60)} minutes from ${report.startedAt}`,
    `${totals.faults} faults (${totals.missed} more found nothing to hit), ${totals.moves} moves, ${totals.failovers} of them failovers`,
    `${totals.verifiedTrees} trees read in pods and ${totals.verifiedCopies} copies on disks: ${totals.verifiedFiles} files, ${gib} GiB`,
    `${totals.stopped} volumes stopped for a person, as the rules have it`,
    '',
    ...tableLines(report),
    '',
    `violations: ${totals.violations}`,
    ...report.rounds.flatMap((round) => round.violations.flatMap(violationLines)),
    ...(totals.errors === 0 ? [] : [`rounds that failed by themselves: ${totals.errors}`]),
    ...report.rounds.flatMap((round) => round.errors.map((error) => `round ${round.round}: ${error}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** 0: all is well; 1: a violation; 2: the suite itself failed. */
export function exitCode(report: Report): 0 | 1 | 2 {
  const { violations, errors } = totalsOf(report);
  if (violations > 0) return 1;
  return errors > 0 ? 2 : 0;
}
