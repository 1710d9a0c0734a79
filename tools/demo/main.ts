import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../host/run-command.ts';
import { openWithNodes } from '../kube/kube.ts';
import {
  bringBack,
  clearStage,
  cutThePower,
  moveOnPurpose,
  showCopies,
  writeOnClient,
  type Demo,
} from './acts.ts';
import { noObservations, type Observations } from './observations.ts';
import { summarise } from './summary.ts';
import { createTable } from './table.ts';

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const RECORD = join(checkout, '.cluster/demo.json');

function keep(seen: Observations): void {
  mkdirSync(dirname(RECORD), { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify(seen, undefined, 2)}\n`);
}

function makeDemo(signal: AbortSignal): Demo {
  const started = Date.now();
  const cluster = async (...words: readonly string[]) => {
    const command = [process.execPath, join(checkout, 'tools/cluster/main.ts'), ...words] as const;
    await runCommand(command, { signal, timeoutMs: 300_000 });
  };
  return {
    kube: openWithNodes(checkout, signal),
    say: (line) =>
      process.stdout.write(`[${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s] ${line}\n`),
    show: createTable(process.stdout),
    cutPower: async (node) => await cluster('node-kill', node),
    startNode: async (node) => await cluster('node-start', node),
  };
}

async function perform(demo: Demo): Promise<Observations> {
  await clearStage(demo);
  let seen = noObservations(new Date().toISOString());
  for (const act of [writeOnClient, showCopies, moveOnPurpose, cutThePower, bringBack]) {
    seen = await act(demo, seen);
    keep(seen);
  }
  const finished = { ...seen, finishedAt: new Date().toISOString() };
  keep(finished);
  return finished;
}

function tell(seen: Observations): boolean {
  const { ok, lines, failures } = summarise(seen);
  const verdict = ok ? 'Every acknowledged file was there, every time.' : 'FAILED:';
  const next = [
    'The cluster stays up. Try next:',
    '  export KUBECONFIG=.cluster/kubeconfig PATH="$PWD/.cluster/bin:$PATH"',
    '  kubectl -n syncthing-csi get stvol,strep,stnode',
    '  kubectl -n demo exec album-0 -- ls -R /data',
    '  make cluster-down',
  ];
  process.stdout.write(
    [
      '',
      'What was seen (.cluster/demo.json):',
      ...lines.map((line) => `  ${line}`),
      '',
      verdict,
      ...failures.map((line) => `  ${line}`),
      '',
      ...next,
      '',
    ].join('\n'),
  );
  return ok;
}

async function main(): Promise<void> {
  const abort = new AbortController();
  process.on('SIGINT', () => abort.abort());
  process.on('SIGTERM', () => abort.abort());
  const seen = await perform(makeDemo(abort.signal));
  process.exitCode = tell(seen) ? 0 : 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`the demo stopped: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
