/**
 * Proof that the model can fail: each patch beside this file breaks one rule of docs/handoff.md, and the model has to
 * find a counterexample within the bound. The tree itself has to pass the same stories, else a find says nothing.
 */
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import * as z from 'zod/mini';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SEED = process.env['MODEL_SEED'] ?? '1';
const RUNS = process.env['MODEL_RUNS'] ?? '400';
const COPIED = ['src', 'test/model', 'test/builders', 'test/mutants/hunt.ts', 'package.json'];

/** `rule`: the invariant that broke; `crash`: another error, which proves nothing. */
const HUNT = z.object({
  runs: z.number(),
  rule: z.exactOptional(z.string()),
  crash: z.exactOptional(z.string()),
});
type Hunt = z.infer<typeof HUNT>;

interface Outcome {
  readonly name: string;
  readonly verdict: 'found' | 'survived' | 'crashed' | 'does not apply' | 'passed' | 'fails itself';
  readonly detail: string;
}

async function inCopy<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'mutant-'));
  try {
    for (const each of COPIED)
      await cp(path.join(ROOT, each), path.join(directory, each), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function hunt(directory: string): Promise<Hunt> {
  const { stdout } = await execa(process.execPath, ['test/mutants/hunt.ts', SEED, RUNS], { cwd: directory });
  return HUNT.parse(JSON.parse(stdout));
}

function textOf({ runs, rule, crash }: Hunt): string {
  if (crash !== undefined) return `story ${runs}: ${crash}`;
  return rule === undefined ? `${runs} stories` : `${rule} (story ${runs})`;
}

function verdictOn({ rule, crash }: Hunt): Outcome['verdict'] {
  if (crash !== undefined) return 'crashed';
  return rule === undefined ? 'survived' : 'found';
}

function tryMutant(name: string): Promise<Outcome> {
  return inCopy(async (directory): Promise<Outcome> => {
    const patch = path.join(ROOT, 'test/mutants', `${name}.patch`);
    const applied = await execa('git', ['apply', patch], { cwd: directory, reject: false });
    if (applied.failed) return { name, verdict: 'does not apply', detail: applied.stderr };
    const found = await hunt(directory);
    return { name, verdict: verdictOn(found), detail: textOf(found) };
  });
}

async function tryTree(): Promise<Outcome> {
  const found = await hunt(ROOT);
  const verdict = verdictOn(found) === 'survived' ? 'passed' : 'fails itself';
  return { name: 'the tree itself', verdict, detail: textOf(found) };
}

/** A few at a time; each is a process of its own. */
async function inParallel(tasks: readonly (() => Promise<Outcome>)[]): Promise<readonly Outcome[]> {
  const left = [...tasks];
  const outcomes: Outcome[] = [];
  async function worker(): Promise<void> {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const outcome = await task();
      process.stdout.write(
        `${outcome.verdict.padEnd(15)} ${outcome.name.replaceAll('-', ' ').padEnd(44)} ${outcome.detail}\n`,
      );
      outcomes.push(outcome);
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return outcomes;
}

const chosen = process.argv.slice(2);
const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.patch'))
  .map((file) => file.slice(0, -'.patch'.length))
  .filter((name) => chosen.length === 0 || chosen.includes(name));
const outcomes = await inParallel([tryTree, ...names.map((name) => () => tryMutant(name))]);
const good = outcomes.filter(({ verdict }) => verdict === 'found' || verdict === 'passed');
process.stdout.write(`${names.length} mutants, seed ${SEED}, ${outcomes.length - good.length} wrong\n`);
process.exitCode = good.length === outcomes.length ? 0 : 1;
