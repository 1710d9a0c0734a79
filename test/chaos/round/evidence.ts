/** Everything that helps to find out why a check failed, in a directory of the round's own. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { kubectl, list } from '../../../tools/kube/kube.ts';
import { DRIVER_NAMESPACE } from '../../../tools/kube/volumes.ts';
import { nodePath } from '../cluster/power.ts';
import { readCopy } from '../cluster/copies.ts';
import { readSessions } from '../cluster/read-sessions.ts';
import { HOST_DATA_DIR, NAMESPACE, podDirectory } from '../cluster/stage.ts';
import { treeText } from '../ledger/log-line.ts';
import { historiesOf } from '../ledger/history.ts';
import { tellValue } from '../ledger/value.ts';
import { NODES } from '../plan/fault-kind.ts';
import { type RoundRun, tell } from './round-run.ts';
import type { RoundVolume } from './round-volume.ts';

/** So many files that are wrong are copied from each node. */
const COPIED = 20;

async function keepCommand(run: RoundRun, file: string, words: readonly string[]): Promise<void> {
  const text = await kubectl(run.stage.kube, words).catch((error: unknown) => tell(error));
  writeFileSync(file, `${text}\n`);
}

async function keepLogs(run: RoundRun, directory: string): Promise<void> {
  const pods = await list<V1Pod>(run.stage.kube, 'v1', 'Pod', DRIVER_NAMESPACE).catch(() => []);
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const node = pod.spec?.nodeName ?? 'nowhere';
    for (const { name: container } of pod.spec?.containers ?? []) {
      const words = ['-n', DRIVER_NAMESPACE, 'logs', name, '-c', container];
      await keepCommand(run, join(directory, `${node}-${container}.log`), words);
      await keepCommand(run, join(directory, `${node}-${container}-previous.log`), [...words, '--previous']);
    }
  }
}

/** What each session left, path by path, with what it did to it. */
function keepExpected(run: RoundRun, volume: RoundVolume, directory: string): void {
  for (const session of readSessions(run.stage, volume.pods)) {
    const lines = [...historiesOf(session)].map(([path, versions]) => {
      const told = versions.map(({ value, op }) =>
        op === undefined
          ? `found ${tellValue(value)}`
          : `op ${op.seq} begun ${op.begunAt} done ${op.doneAt ?? '-'} synced ${op.syncedAt ?? '-'}: ${tellValue(value)}`,
      );
      return `${path}\n  ${told.join('\n  ')}`;
    });
    writeFileSync(join(directory, `session-${session.name}.txt`), `${lines.join('\n')}\n`);
  }
}

function keepCopies(run: RoundRun, volume: RoundVolume, directory: string): void {
  const wrong = run.tally.violations.flatMap((violation) =>
    violation.kind === 'tree' && violation.volume === volume.claim ? violation.wrong : [],
  );
  for (const node of NODES) {
    const tree = readCopy(run.stage, node, volume.volumeId);
    if (tree !== undefined) writeFileSync(join(directory, `copy-${node}.jsonl`), treeText(tree, Date.now()));
    const volumes = nodePath(run.stage, node, join(HOST_DATA_DIR, 'volumes', volume.volumeId));
    if (volumes === undefined) continue;
    for (const file of ['state.json', ...wrong.slice(0, COPIED).map(({ path }) => `sync/data/${path}`)]) {
      const source = join(volumes, file);
      if (existsSync(source)) cpSync(source, join(directory, node, file), { recursive: true });
    }
  }
}

function keepVolume(run: RoundRun, volume: RoundVolume, directory: string): void {
  const own = join(directory, volume.claim);
  mkdirSync(own, { recursive: true });
  const seen = run.watch.seenOf(volume.volumeId);
  writeFileSync(join(own, 'status.json'), JSON.stringify({ volume, seen }, undefined, 1));
  keepExpected(run, volume, own);
  keepCopies(run, volume, own);
  for (const pod of volume.pods) {
    const logs = podDirectory(run.stage, pod.name);
    if (existsSync(logs)) cpSync(logs, join(own, 'pods', pod.name), { recursive: true });
  }
}

/** What cannot be had is left out: this is called where things are broken. */
export async function keepEvidence(run: RoundRun): Promise<void> {
  const { plan, stage, tally } = run;
  const directory = join(dirname(stage.directory), `evidence-${plan.seed}-${plan.round}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'round.json'),
    JSON.stringify({ plan, tally, cuts: stage.cuts }, undefined, 1),
  );
  for (const volume of run.volumes) {
    try {
      keepVolume(run, volume, directory);
    } catch (error) {
      stage.say(`evidence of ${volume.claim} is incomplete: ${tell(error)}`);
    }
  }
  const everything = ['stvol,strep,stnode', '-o', 'yaml'];
  await keepCommand(run, join(directory, 'resources.yaml'), ['-n', DRIVER_NAMESPACE, 'get', ...everything]);
  await keepCommand(run, join(directory, 'events.txt'), ['get', 'events', '-A', '--sort-by=.lastTimestamp']);
  await keepCommand(run, join(directory, 'pods.yaml'), ['-n', NAMESPACE, 'get', 'pods', '-o', 'yaml']);
  await keepLogs(run, directory);
  stage.say(`evidence: ${directory}`);
}
