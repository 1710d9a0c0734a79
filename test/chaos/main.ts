import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { bundleWriter } from './cluster/bundle-writer.ts';
import { openStage, type Stage } from './cluster/stage.ts';
import { FAULT_KINDS, type FaultKind } from './plan/fault-kind.ts';
import { planRound } from './plan/plan-round.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName } from './plan/profile.ts';
import { faultsOf, type RoundPlan } from './plan/round-plan.ts';
import type { RoundOutcome } from './report/outcome.ts';
import { addReports, exitCode, type Report, reportText } from './report/report.ts';
import { clearNamespace, makeNamespace, removeNamespace } from './round/clear-namespace.ts';
import { healCluster } from './round/heal.ts';
import { runRound } from './round/run-round.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Flags {
  readonly rounds: number;
  readonly first: number;
  readonly seed: number;
  readonly profile: ProfileName;
  readonly report: string;
  readonly only?: FaultKind;
  readonly untilWrong?: boolean;
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

function keepReport(report: Report, file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(file.replace(/(?:\.json)?$/, '.txt'), reportText(report));
}

function plans({ rounds, first, seed, profile, only }: Flags): readonly RoundPlan[] {
  return Array.from({ length: rounds }, (_, index) => {
    const input = { seed, round: first + index, profile: PROFILES[profile] };
    return planRound(only === undefined ? input : { ...input, only });
  });
}

function tellPlan(plan: RoundPlan): string {
  const faults = faultsOf(plan).map(({ kind, phase }) => `${kind} (${phase})`);
  return `round ${plan.round} of seed ${plan.seed}: ${plan.volumes} volumes, data on ${plan.dataNodes.join(' and ')}; ${faults.join(', ')}`;
}

/** After an interruption as well: what was broken is healed, and nothing of the rounds is left. */
async function leaveNothing(directory: string): Promise<void> {
  const stage = openStage({ checkout, directory, signal: AbortSignal.timeout(900_000), say });
  await healCluster(stage, []);
  await removeNamespace(stage);
}

async function runRounds(stage: Stage, flags: Flags): Promise<Report> {
  const commit = execFileSync('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  const rounds: RoundOutcome[] = [];
  const report = {
    startedAt: new Date().toISOString(),
    commit: commit.trim(),
    profile: flags.profile,
    rounds,
  };
  for (const plan of plans(flags)) {
    say(tellPlan(plan));
    const outcome = await runRound({ stage, plan, profile: PROFILES[flags.profile] });
    rounds.push(outcome);
    keepReport(report, flags.report);
    say(
      `round ${plan.round}: ${outcome.moves} moves, ${outcome.violations.length} violations, ${outcome.seconds.toFixed(0)} s`,
    );
    await clearNamespace(stage);
    if (flags.untilWrong === true && outcome.violations.some(({ kind }) => kind === 'tree')) break;
  }
  return report;
}

async function run(flags: Flags): Promise<void> {
  const directory = join(checkout, '.cluster/chaos/run');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'pods'), { recursive: true });
  await bundleWriter(directory);
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      say('interrupted: healing what is broken');
      abort.abort(new Error(`interrupted by ${name}`));
    });
  // Faults run beside each other: when one ends so, nobody may wait for the next any more, and all is to be healed.
  process.on('unhandledRejection', (reason) => {
    if (!abort.signal.aborted) throw reason;
  });
  const stage = openStage({ checkout, directory, signal: abort.signal, say });
  try {
    await makeNamespace(stage);
    const report = await runRounds(stage, flags);
    process.stdout.write(`\n${reportText(report)}\nreport: ${flags.report}\n`);
    process.exitCode = exitCode(report);
  } finally {
    await leaveNothing(directory);
  }
}

function sum(files: readonly string[], into: string): void {
  const report = addReports(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report));
  keepReport(report, into);
  process.stdout.write(reportText(report));
  process.exitCode = exitCode(report);
}

async function main(): Promise<void> {
  const program = new Command('chaos');
  const number = (text: string) => Number.parseInt(text, 10);
  program
    .command('run')
    .option('--rounds <count>', 'how many', number, 5)
    .option('--first <round>', 'number of the first one', number, 0)
    .option('--seed <seed>', 'all choices come from it', number, 1)
    .addOption(new Option('--profile <name>').choices(PROFILE_NAMES).default('usual'))
    .addOption(new Option('--only <fault>', 'this fault in every leg').choices(FAULT_KINDS))
    .option('--until-wrong', 'end with the first round in which a tree is wrong')
    .option(
      '--report <file>',
      'JSON; the text is put beside it',
      join(checkout, '.cluster/chaos-report.json'),
    )
    .action(run);
  program
    .command('sum <files...>')
    .description('add up reports')
    .requiredOption('--into <file>')
    .action((files: readonly string[], { into }: { readonly into: string }) => {
      sum(files, into);
    });
  await program.parseAsync(process.argv);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`chaos stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
