/**
 * Proof that the suite can fail: the driver is built and installed with one rule of docs/handoff.md broken, and rounds
 * are played until one finds a violation. Afterwards the cluster runs this checkout's own driver again.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { execa } from 'execa';
import { PROFILE_NAMES, type ProfileName } from '../plan/profile.ts';
import type { Violation } from '../report/outcome.ts';
import type { Report } from '../report/report.ts';

const checkout = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const directory = join(checkout, '.cluster/chaos/mutants');

/** Those that concern what pods wrote, whatever else goes wrong. */
const MUTANTS = [
  'percentage-instead-of-proof',
  'no-epoch-check',
  'unstage-without-flush',
  'wrong-join-order',
  'promotion-without-coverage',
] as const;

interface Flags {
  readonly rounds: number;
  readonly seed: number;
  readonly profile: ProfileName;
}

type WrongTree = Extract<Violation, { kind: 'tree' }>;

interface Outcome {
  readonly mutant: string;
  readonly rounds: number;
  /** What a reader or a copy was found to have wrong. That something stood still may have other reasons. */
  readonly wrong?: WrongTree;
  readonly stuck: number;
  readonly errors: readonly string[];
}

async function run(words: readonly [string, ...string[]], signal?: AbortSignal): Promise<number> {
  const [program, ...rest] = words;
  const options = { cwd: checkout, stdio: 'inherit', reject: false } as const;
  const ended = await execa(
    program,
    rest,
    signal === undefined ? options : { ...options, cancelSignal: signal },
  );
  signal?.throwIfAborted();
  return ended.exitCode ?? 1;
}

async function must(words: readonly [string, ...string[]], signal?: AbortSignal): Promise<void> {
  const code = await run(words, signal);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
}

/** The driver of `tree`, else of this checkout, on the local cluster. */
async function install(tree: string | undefined, signal?: AbortSignal): Promise<void> {
  const from = tree === undefined ? [] : ['--tree', tree];
  await must(['node', 'tools/images/main.ts', 'driver', ...from], signal);
  await must(['node', 'tools/cluster/main.ts', 'images'], signal);
  await must(['node', 'tools/deploy/main.ts'], signal);
}

async function dropTree(tree: string): Promise<void> {
  await execa('git', ['worktree', 'remove', '--force', tree], { cwd: checkout, reject: false });
  await rm(tree, { recursive: true, force: true });
}

async function withBroken<T>(
  mutant: string,
  signal: AbortSignal,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const tree = join(directory, mutant);
  const patch = join(checkout, 'test/mutants', `${mutant}.patch`);
  await mkdir(directory, { recursive: true });
  await dropTree(tree);
  try {
    await must(['git', 'worktree', 'add', '--quiet', '--detach', tree, 'HEAD'], signal);
    await must(['git', '-C', tree, 'apply', patch], signal);
    return await work(tree);
  } finally {
    await dropTree(tree);
  }
}

async function tryMutant(mutant: string, flags: Flags, signal: AbortSignal): Promise<Outcome> {
  const report = join(directory, `${mutant}.json`);
  await rm(report, { force: true });
  const { rounds, seed, profile } = flags;
  const numbers = ['--rounds', String(rounds), '--seed', String(seed), '--profile', profile];
  await withBroken(mutant, signal, async (tree) => await install(tree, signal));
  await run(
    [
      'node',
      '--experimental-ffi',
      'test/chaos/main.ts',
      'run',
      ...numbers,
      '--until-wrong',
      '--report',
      report,
    ],
    signal,
  );
  const told = JSON.parse(await readFile(report, 'utf8')) as Report;
  const violations = told.rounds.flatMap((round) => round.violations);
  const wrong = violations.find((violation) => violation.kind === 'tree');
  return {
    mutant,
    rounds: told.rounds.length,
    stuck: violations.filter(({ kind }) => kind === 'stuck').length,
    errors: told.rounds.flatMap((round) => round.errors),
    ...(wrong !== undefined && { wrong }),
  };
}

function lineOf({ mutant, rounds, wrong, stuck, errors }: Outcome): string {
  const name = mutant.replaceAll('-', ' ').padEnd(34);
  const failed = errors.length === 0 ? '' : `; ${errors.length} round(s) of no use: ${errors[0]}`;
  const still = stuck === 0 ? '' : `; stood still ${stuck} time(s)`;
  if (wrong === undefined) return `survived ${name} ${rounds} rounds${still}${failed}`;
  const first = wrong.wrong[0];
  const what = `${wrong.count} path(s) wrong, first ${first?.kind} ${first?.path}`;
  return `found    ${name} round ${rounds}, ${wrong.where}: ${what}${still}${failed}`;
}

async function hunt(mutants: readonly string[], flags: Flags): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => abort.abort(new Error(`interrupted by ${name}`)));
  const outcomes: Outcome[] = [];
  try {
    for (const mutant of mutants) {
      process.stdout.write(`\n=== ${mutant.replaceAll('-', ' ')}\n`);
      const outcome = await tryMutant(mutant, flags, abort.signal);
      outcomes.push(outcome);
      process.stdout.write(`${lineOf(outcome)}\n`);
    }
  } finally {
    await install(undefined);
  }
  process.stdout.write(`\n${outcomes.map(lineOf).join('\n')}\n`);
  process.exitCode = outcomes.every(({ wrong }) => wrong !== undefined) ? 0 : 1;
}

const program = new Command('mutants')
  .argument('[mutants...]', 'names of test/mutants/*.patch', [...MUTANTS])
  .option('--rounds <count>', 'how many at most', Number, 20)
  .option('--seed <seed>', 'of the rounds', Number, 1)
  .addOption(new Option('--profile <name>').choices(PROFILE_NAMES).default('short'))
  .action(hunt);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
