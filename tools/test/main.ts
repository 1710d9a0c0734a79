import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCounts, failedTests, tiers, type Tier } from './tiers.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function run(command: readonly [string, ...string[]]): boolean {
  const [file, ...args] = command;
  return spawnSync(file, args, { cwd: checkout, stdio: 'inherit' }).status === 0;
}

function say(line: string): void {
  process.stdout.write(`\n=== ${line}\n`);
}

/** What a tier before it has made is not made again. */
function runTier(tier: Tier, made: Set<string>): boolean {
  const started = Date.now();
  for (const target of tier.needs.filter((each) => !made.has(each))) {
    say(`${tier.name}: make ${target}`);
    if (!run(['make', '--no-print-directory', target])) return false;
    made.add(target);
  }
  say(tier.name);
  const ok = run(tier.command);
  say(`${tier.name}: ${ok ? 'passed' : 'FAILED'} after ${((Date.now() - started) / 1000).toFixed(0)} s`);
  return ok;
}

/** Stops at the first tier that fails: those after it would only say the same more slowly. */
function runAll(reports: string, wanted: readonly string[]): boolean {
  const chosen = tiers(reports).filter((tier) => wanted.length === 0 || wanted.includes(tier.name));
  const made = new Set<string>();
  return chosen.every((tier) => runTier(tier, made));
}

/** A signal ends the child as well (same process group); this only sees to it that what was brought up goes down. */
function main(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const wasUp = existsSync(join(checkout, '.cluster/kubeconfig'));
  const reports = mkdtempSync(join(tmpdir(), 'syncthing-csi-test-'));
  let ok = false;
  try {
    ok = runAll(reports, process.argv.slice(2));
  } finally {
    if (!wasUp && existsSync(join(checkout, '.cluster/kubeconfig'))) {
      say('the cluster was brought up for this run: make cluster-down');
      ok = run(['make', '--no-print-directory', 'cluster-down']) && ok;
    }
  }
  const files = tiers(reports)
    .map((tier) => join(reports, `${tier.name}.json`))
    .filter((file) => existsSync(file));
  const found = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as unknown);
  const { passed, failed, skipped } = addCounts(found);
  rmSync(reports, { recursive: true });
  for (const test of failedTests(found)) process.stdout.write(`\nFAILED ${test}`);
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exitCode = ok ? 0 : 1;
}

main();
