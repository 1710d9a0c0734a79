/** Time inside our own calls, from what `node` logs of each. */
import { z } from 'zod';
import { kubectl, type Kube } from '../tools/kube/kube.ts';
import { DRIVER_NAMESPACE } from '../tools/kube/volumes.ts';
import type { ResultTable } from './result.ts';
import { percentile } from './statistics.ts';

const line = z.object({
  rpc: z.string(),
  volumeId: z.string(),
  durationMs: z.number(),
  msg: z.literal('call answered'),
});
export type LoggedCall = z.infer<typeof line>;

/** Calls that were answered; other lines of the log are passed over. */
export function parseCalls(log: string): readonly LoggedCall[] {
  return log.split('\n').flatMap((text) => {
    if (!text.startsWith('{')) return [];
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  });
}

/** For each volume staged first and published first: seconds in both calls together. */
export function stageAndPublish(calls: readonly LoggedCall[]): readonly number[] {
  const first = (method: string) =>
    new Map(
      calls
        .filter((call) => call.rpc === method)
        .toReversed()
        .map((call) => [call.volumeId, call.durationMs]),
    );
  const published = first('NodePublishVolume');
  return [...first('NodeStageVolume')].flatMap(([volumeId, stage]) => {
    const publish = published.get(volumeId);
    return publish === undefined ? [] : [(stage + publish) / 1000];
  });
}

/** The log of `node` on one node since `since` (RFC 3339). */
export async function nodeCalls(kube: Kube, node: string, since: string): Promise<readonly LoggedCall[]> {
  const words = [
    '-n',
    DRIVER_NAMESPACE,
    'get',
    'pods',
    '--field-selector',
    `spec.nodeName=${node}`,
    '-o',
    'name',
  ];
  const names = (await kubectl(kube, words)).split('\n').filter((name) => name.includes('-node-'));
  const logs = await Promise.all(
    names.map(
      async (name) =>
        await kubectl(kube, ['-n', DRIVER_NAMESPACE, 'logs', name, '-c', 'node', `--since-time=${since}`]),
    ),
  );
  return parseCalls(logs.join('\n'));
}

export function callTable(seconds: readonly number[]): ResultTable {
  const p50 = percentile(seconds, 0.5);
  const values = {
    n: String(seconds.length),
    p50: p50.toFixed(3),
    p95: percentile(seconds, 0.95).toFixed(3),
  };
  return {
    title: 'Inside our own calls (s)',
    rows: [
      {
        what: 'NodeStage + NodePublish, data node, first mount of a volume',
        values,
        goal: 'p50 ≤ 0.4',
        met: p50 <= 0.4,
      },
    ],
  };
}
