/** Writes down every state of every volume's status that it sees. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SyncthingVolume } from '../../../src/desired/volume.ts';
import { listVolumes } from '../../../tools/kube/volumes.ts';
import type { StatusSeen } from '../ledger/acknowledged.ts';
import type { Stage } from './stage.ts';

export interface StatusWatch {
  /** What was seen of the volume, by its id, the oldest first. */
  seenOf(volumeId: string): readonly StatusSeen[];
  /** As it was seen last. */
  latest(volumeId: string): SyncthingVolume | undefined;
  /** Looks now; rejects where the API does not answer. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 250;

export function statusSeen({ status }: Pick<SyncthingVolume, 'status'>, at: number): StatusSeen {
  const { grant, base, replicatedThrough, epoch } = status;
  return {
    at,
    epoch,
    ...(grant === undefined ? {} : { grant: { epoch: grant.epoch, node: grant.node, since: grant.since } }),
    base: { kind: base.kind, epoch: base.epoch, session: base.session },
    ...(replicatedThrough === undefined ? {} : { replicatedThrough }),
  };
}

function isNews(before: StatusSeen | undefined, now: StatusSeen): boolean {
  return before === undefined || JSON.stringify({ ...before, at: 0 }) !== JSON.stringify({ ...now, at: 0 });
}

export function watchStatuses(stage: Stage): StatusWatch {
  const seen = new Map<string, StatusSeen[]>();
  const latest = new Map<string, SyncthingVolume>();
  const ended = new AbortController();

  async function look(): Promise<void> {
    const volumes = await listVolumes(stage.kube);
    const at = Date.now();
    for (const volume of volumes) {
      latest.set(volume.volumeId, volume);
      const states = seen.get(volume.volumeId) ?? [];
      const state = statusSeen(volume, at);
      if (isNews(states.at(-1), state)) seen.set(volume.volumeId, [...states, state]);
    }
  }
  async function watch(): Promise<void> {
    const signal = AbortSignal.any([ended.signal, stage.signal]);
    while (!signal.aborted) {
      await look().catch(() => undefined);
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  const watching = watch();
  return {
    seenOf: (volumeId) => seen.get(volumeId) ?? [],
    latest: (volumeId) => latest.get(volumeId),
    look,
    async stop() {
      ended.abort();
      await watching;
    },
  };
}
