import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { FakeSyncthingNetwork } from '../../../src/syncthing/fake/fake-network.ts';
import { configContract } from './contract-config.ts';
import { reportContract } from './contract-report.ts';
import { syncContract } from './contract-sync.ts';
import { introduce, type Peer } from './peers.ts';

describe('the fake Syncthing', () => {
  let directory: string;
  const network = new FakeSyncthingNetwork();
  let peers: readonly [Peer, Peer];

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'st-fake-'));
    peers = [
      await network.add('a', path.join(directory, 'a')),
      await network.add('b', path.join(directory, 'b')),
    ];
    await introduce(peers);
  });
  afterAll(async () => {
    await network[Symbol.asyncDispose]();
    fs.rmSync(directory, { recursive: true });
  });

  configContract(() => peers);
  syncContract(() => peers);
  reportContract(() => peers);
});
