import { afterAll, beforeAll, describe } from 'vitest';
import { configContract } from './contract-config.ts';
import { reportContract } from './contract-report.ts';
import { syncContract } from './contract-sync.ts';
import { startDaemon } from './daemon.ts';
import { introduce, type Peer } from './peers.ts';

describe('a real Syncthing', () => {
  let peers: readonly [Peer, Peer];

  async function realPeer(): Promise<Peer> {
    const daemon = await startDaemon();
    async function restart(): Promise<void> {
      // Not stop(): within a second of a new connection 1.30 needs 10 s to close it.
      await daemon.kill();
      await daemon.start();
    }
    return Object.assign(daemon, { restart });
  }

  beforeAll(async () => {
    peers = [await realPeer(), await realPeer()];
    await introduce(peers);
  });
  afterAll(async () => {
    for (const peer of peers ?? []) {
      await peer[Symbol.asyncDispose]();
    }
  });

  configContract(() => peers);
  syncContract(() => peers);
  reportContract(() => peers);
});
