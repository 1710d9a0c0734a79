import { startDaemon, type Daemon } from './daemon.ts';
import type { Peer } from './peers.ts';

export type RealPeer = Daemon & Peer;

/** A daemon of its own, as the contract and the tests of facts need it. */
export async function startRealPeer(): Promise<RealPeer> {
  const daemon = await startDaemon();
  async function restart(): Promise<void> {
    // Not stop(): within a second of a new connection 1.30 needs 10 s to close it.
    await daemon.kill();
    await daemon.start();
  }
  return Object.assign(daemon, { restart });
}
