/** PURE: the scan that a receiver waits for before peers go from its list (handoff rule 7), order by order. */
import type { VolumeRecord } from './volumes.ts';

export function isScanDue({ peersGo, order }: Pick<VolumeRecord, 'peersGo' | 'order'>): boolean {
  return peersGo?.isScanned === false && peersGo.generation === order?.generation;
}

/** For this very order: one that came later may have other peers go. */
export function isScanMade(
  { peersGo }: Pick<VolumeRecord, 'peersGo'>,
  generation: number | undefined,
): boolean {
  return peersGo?.isScanned === true && peersGo.generation === generation;
}
