import { afterAll, beforeAll, describe } from 'vitest';
import { configContract } from './contract-config.ts';
import { reportContract } from './contract-report.ts';
import { syncContract } from './contract-sync.ts';
import { introduce, type Peer } from './peers.ts';
import { startRealPeer } from './real-peer.ts';

describe('a real Syncthing', () => {
  let peers: readonly [Peer, Peer];

  beforeAll(async () => {
    peers = [await startRealPeer(), await startRealPeer()];
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
