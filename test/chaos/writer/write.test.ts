import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { opsOf, parseLog, parseTree } from '../ledger/log-line.ts';
import type { Session } from '../ledger/session.ts';
import { verify } from '../ledger/verify.ts';
import { LOG_FILE, ORDER_FILE, TREE_FILE } from './order.ts';
import { readTree } from './read-tree.ts';
import { write } from './write.ts';

let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'chaos-writer-'));
  mkdirSync(join(scratch, 'data'));
  mkdirSync(join(scratch, 'log'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** Ends the writer after so many looks at the clock, that is, somewhere in the middle of its work. */
async function writeFor(looks: number, name = 'w'): Promise<void> {
  const abort = new AbortController();
  let now = 1_700_000_000_000;
  await write({
    root: join(scratch, 'data'),
    logDirectory: join(scratch, 'log'),
    name,
    pauseMs: 0,
    quiet: false,
    now() {
      now += 1;
      if (now > 1_700_000_000_000 + looks) abort.abort();
      return now;
    },
    signal: abort.signal,
  });
}

function readSession(start: number): Session {
  const directory = join(scratch, 'log', `start-${start}`);
  const { startedAt, tree } = parseTree(readFileSync(join(directory, TREE_FILE), 'utf8'));
  const ops = opsOf(parseLog(readFileSync(join(directory, LOG_FILE), 'utf8')));
  return { name: `w.${start}`, node: 'node1', startedAt, tree, ops };
}

// Files of other owners can be made by root alone.
describe.runIf(process.getuid?.() === 0)('a writer', () => {
  it('leaves exactly what its log says, in life after life', async () => {
    await writeFor(420);
    await writeFor(250);
    const sessions = [readSession(0), readSession(1)];
    const [first, second] = sessions;
    if (first === undefined || second === undefined) throw new Error('unreachable');
    const acknowledged = { kind: 'everything' } as const;
    expect(first.ops.length).toBeGreaterThan(100);
    expect(verify({ before: first, acknowledged, isWhole: true, found: second.tree, sessions })).toEqual([]);
    const things = [...second.tree.values()].filter(
      (value) => value.kind === 'file' || value.kind === 'directory',
    );
    expect(things.filter(({ xattr }) => xattr !== undefined)).not.toEqual([]);
    expect(things.filter(({ carried }) => (carried?.special ?? 0) !== 0)).not.toEqual([]);
    expect(things.filter(({ carried }) => carried?.linkedWith !== undefined)).not.toEqual([]);
    expect(things.filter(({ carried }) => carried?.mtimeNs !== undefined)).not.toEqual([]);
    const left = readTree(join(scratch, 'data'));
    expect(verify({ before: second, acknowledged, isWhole: true, found: left, sessions })).toEqual([]);
    rmSync(join(scratch, 'data', 'd0'), { recursive: true });
    const robbed = readTree(join(scratch, 'data'));
    expect(verify({ before: second, acknowledged, found: robbed, sessions }).length).toBeGreaterThan(0);
  });

  it('carries out what it is ordered, and says so', async () => {
    const order = { kind: 'big-file-blocks', id: 'one', bytes: 9 * 2 ** 20, blocks: 3 };
    writeFileSync(join(scratch, 'log', ORDER_FILE), JSON.stringify(order));
    await writeFor(200);
    const { ops } = readSession(0);
    const log = parseLog(readFileSync(join(scratch, 'log/start-0', LOG_FILE), 'utf8'));
    expect(log).toContainEqual(expect.objectContaining({ event: 'carried-out', order: 'one' }));
    const found = readTree(join(scratch, 'data'));
    expect(found.get('big/file')).toMatchObject({ kind: 'large', size: 9 * 2 ** 20 });
    const before = { ...readSession(0), ops };
    const acknowledged = { kind: 'everything' } as const;
    expect(verify({ before, acknowledged, found, sessions: [before] })).toEqual([]);
  });
});
