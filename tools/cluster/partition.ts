import { z } from 'zod';
import { runCommand } from '../host/run-command.ts';
import { namespaceFile } from './network.ts';
import { NETWORK_NAMESPACE } from './network-plan.ts';
import { type CutPair, type Partition, cutPairs, healedPairs } from './partition-plan.ts';

const setListing = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({ elem: z.array(z.object({ concat: z.tuple([z.string(), z.string()]) })).optional() })
        .optional(),
    }),
  ),
});

/** Reads `nft --json list set`. */
export function parseCutPairs(json: string): readonly CutPair[] {
  return setListing
    .parse(JSON.parse(json))
    .nftables.flatMap((entry) => entry.set?.elem ?? [])
    .map(({ concat: [from, to] }) => ({ from, to }));
}

async function nft(words: readonly string[], signal: AbortSignal): Promise<string> {
  return await runCommand(['nsenter', `--net=${namespaceFile(NETWORK_NAMESPACE)}`, 'nft', ...words], {
    signal,
  });
}

async function changeCut(
  verb: 'add' | 'delete',
  pairs: readonly CutPair[],
  signal: AbortSignal,
): Promise<void> {
  if (pairs.length === 0) return;
  const elements = pairs.map(({ from, to }) => `"${from}" . "${to}"`).join(', ');
  await nft([verb, 'element', 'bridge', 'partition', 'cut', `{ ${elements} }`], signal);
}

/** The directions that are cut now. */
export async function readCut(signal: AbortSignal): Promise<readonly CutPair[]> {
  return parseCutPairs(await nft(['--json', 'list', 'set', 'bridge', 'partition', 'cut'], signal));
}

/** Drops packets silently, as a broken switch does: nobody is told, connections hang. Partitions add up. */
export async function partition(wanted: Partition, signal: AbortSignal): Promise<void> {
  await changeCut('add', cutPairs(wanted), signal);
}

/** Takes back every partition between the machine and the peer, or anybody. */
export async function heal(machine: string, peer: string | undefined, signal: AbortSignal): Promise<void> {
  await changeCut('delete', healedPairs(machine, peer, await readCut(signal)), signal);
}

/** Takes back every partition there is. */
export async function healAll(signal: AbortSignal): Promise<void> {
  await nft(['flush', 'set', 'bridge', 'partition', 'cut'], signal);
}
