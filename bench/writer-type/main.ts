/**
 * What type the exclusive writer's folder has: `sendreceive` against `sendonly`, on two real daemons of this machine.
 * What came of it is in docs/design.md. FILES=10000 and PAIRS=10 unless the environment says otherwise.
 */
import fs from 'node:fs';
import path from 'node:path';
import { MARKER_ALONE } from '../../src/syncthing/client.ts';
import {
  callOptions,
  introduce,
  isSettled,
  putFolder,
  read,
  untilProven,
  write,
} from '../../test/integration/syncthing/peers.ts';
import { startRealPeer, type RealPeer } from '../../test/integration/syncthing/real-peer.ts';
import { until } from '../../test/integration/syncthing/until.ts';
import { medianRatio, percentile } from '../statistics.ts';

type WriterType = 'sendreceive' | 'sendonly';
const TYPES = ['sendreceive', 'sendonly'] as const satisfies readonly WriterType[];
const STEPS = ['to writer', 'flush', 'to receiver', 'processor'] as const;
type Step = (typeof STEPS)[number];
type Cycle = Readonly<Record<Step, number>>;

const CHANGED = 10;

interface Pair {
  readonly writer: RealPeer;
  readonly receiver: RealPeer;
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** Seconds that the processor gave to the daemons so far. */
function processorSeconds({ writer, receiver }: Pair): number {
  const ticks = [writer, receiver].map(({ pid }) => {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

async function setType(
  { writer, receiver }: Pair,
  folderId: string,
  type: WriterType | 'receiveonly',
): Promise<void> {
  await putFolder(writer, folderId, type, [receiver]);
  // Answered when the first scan of the restarted folder has ended.
  await writer.client.scan(folderId, { ...callOptions(), sub: MARKER_ALONE });
  await until('the writer is idle', async () => {
    const status = await writer.client.folderStatus(folderId, callOptions());
    return status.state === 'idle' && status.errors === 0;
  });
}

async function flush(pair: Pair, folderId: string): Promise<void> {
  await pair.writer.client.scan(folderId, callOptions());
  await untilProven(folderId, pair.writer, pair.receiver);
}

async function cycle(pair: Pair, folderId: string, type: WriterType): Promise<Cycle> {
  const before = processorSeconds(pair);
  const toWriter = await seconds(async () => await setType(pair, folderId, type));
  for (let index = 0; index < CHANGED; index += 1)
    write(pair.writer, folderId, nameOf(index * 7), `${type} ${process.hrtime.bigint()}`);
  const flushed = await seconds(async () => await flush(pair, folderId));
  const toReceiver = await seconds(async () => await setType(pair, folderId, 'receiveonly'));
  const status = await pair.writer.client.folderStatus(folderId, callOptions());
  if (!isSettled(status)) throw new Error(`not clean after a session as ${type}: ${JSON.stringify(status)}`);
  return {
    'to writer': toWriter,
    flush: flushed,
    'to receiver': toReceiver,
    processor: processorSeconds(pair) - before,
  };
}

function nameOf(index: number): string {
  return path.join(`d${index % 100}`, `f${index}`);
}

/** Another device's change of a file while the writer is one, which no rule lets happen: what becomes of it. */
async function intrusion(pair: Pair, type: WriterType): Promise<string> {
  const folderId = `intruded-${type}`;
  const { writer, receiver } = pair;
  await putFolder(receiver, folderId, 'receiveonly', [writer]);
  await putFolder(writer, folderId, 'sendreceive', [receiver]);
  write(writer, folderId, 'file', 'of the pod');
  await flush(pair, folderId);
  await setType(pair, folderId, type);
  await putFolder(receiver, folderId, 'sendreceive', [writer]);
  write(receiver, folderId, 'file', 'of somebody else');
  await receiver.client.scan(folderId, callOptions());
  const { sequence } = await receiver.client.completion(folderId, callOptions());
  await until('the writer has heard of it and does nothing about it', async () => {
    const known = await writer.client.completion(folderId, {
      ...callOptions(),
      deviceId: receiver.deviceId,
    });
    const status = await writer.client.folderStatus(folderId, callOptions());
    const isDone = type === 'sendonly' || status.needTotalItems === 0;
    return known.sequence >= sequence && status.state === 'idle' && isDone;
  });
  const { needTotalItems } = await writer.client.folderStatus(folderId, callOptions());
  return `the pod reads "${read(writer, folderId, 'file')}", the writer needs ${needTotalItems} item(s)`;
}

async function measure(pair: Pair, files: number, pairs: number): Promise<void> {
  const folderId = 'measured';
  for (let index = 0; index < files; index += 1) write(pair.writer, folderId, nameOf(index), `file ${index}`);
  await putFolder(pair.receiver, folderId, 'receiveonly', [pair.writer]);
  await putFolder(pair.writer, folderId, 'sendreceive', [pair.receiver]);
  process.stdout.write(`${files} files go to the second daemon\n`);
  await flush(pair, folderId);
  await setType(pair, folderId, 'receiveonly');
  const cycles: Readonly<Record<WriterType, Cycle[]>> = { sendreceive: [], sendonly: [] };
  for (let index = 0; index < pairs; index += 1) {
    for (const type of index % 2 === 0 ? TYPES : TYPES.toReversed())
      cycles[type].push(await cycle(pair, folderId, type));
    process.stdout.write(`pair ${index + 1} of ${pairs}\n`);
  }
  process.stdout.write('\n| seconds, p50 | sendreceive | sendonly | ratio |\n| --- | --- | --- | --- |\n');
  for (const step of STEPS) {
    const [both, only] = TYPES.map((type) => cycles[type].map((each) => each[step]));
    if (both === undefined || only === undefined) continue;
    const cells = [percentile(both, 0.5), percentile(only, 0.5), medianRatio(only, both)];
    process.stdout.write(`| ${[step, ...cells.map((cell) => cell.toFixed(3))].join(' | ')} |\n`);
  }
}

const files = Number(process.env['FILES'] ?? 10_000);
const pairs = Number(process.env['PAIRS'] ?? 10);
await using writer = await startRealPeer();
await using receiver = await startRealPeer();
const pair = { writer, receiver };
await introduce([writer, receiver]);
await measure(pair, files, pairs);
for (const type of TYPES)
  process.stdout.write(`\n${type}, changed by another device: ${await intrusion(pair, type)}\n`);
