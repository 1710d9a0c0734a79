/** The disk of this node: whom it belongs to, and the random name by which every proof speaks of it. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { hostLayout, type HostLayout } from './host-layout.ts';
import { createDurably, makeDirectoryDurably, readIfPresent } from './durable-file.ts';
import { NodeError } from './errors.ts';

export interface Owner {
  readonly driverName: string;
  readonly namespace: string;
}

export interface Store {
  readonly storeId: string;
  readonly layout: HostLayout;
}

const ownerSchema: z.ZodType<Owner> = z.object({ driverName: z.string(), namespace: z.string() });
const STORE_ID = /^[0-9a-f-]{36}$/;

/**
 * Opens the directory, or makes it one of ours. A store id is made once and never again: a disk that lost it is another
 * store and holds nothing (docs/handoff.md, "Words"). A directory of another instance is refused.
 */
export async function openStore(hostDataDir: string, { driverName, namespace }: Owner): Promise<Store> {
  const layout = hostLayout(hostDataDir);
  try {
    await makeDirectoryDurably(hostDataDir);
    await claim(layout.ownerFile, { driverName, namespace }, hostDataDir);
    for (const directory of [layout.volumes, layout.archive, layout.trash])
      await makeDirectoryDurably(directory);
    await createDurably(layout.storeIdFile, `${randomUUID()}\n`);
    return { storeId: await readStoreId(layout.storeIdFile), layout };
  } catch (error) {
    throw NodeError.from(error, `use host_data_dir ${hostDataDir}`);
  }
}

async function claim(file: string, owner: Owner, hostDataDir: string): Promise<void> {
  await createDurably(file, `${JSON.stringify(owner)}\n`);
  const found = parseOwner(file, (await readIfPresent(file)) ?? '');
  if (found.driverName === owner.driverName && found.namespace === owner.namespace) return;
  throw new NodeError(
    'foreign-owner',
    `${hostDataDir} belongs to driver ${found.driverName} in namespace ${found.namespace}, and this is driver ` +
      `${owner.driverName} in namespace ${owner.namespace}: give each instance a host_data_dir of its own`,
  );
}

function parseOwner(file: string, text: string): Owner {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new NodeError(
      'corrupt-state',
      `${file} does not say which driver owns the directory; see docs/troubleshooting.md`,
      { cause },
    );
  }
}

async function readStoreId(file: string): Promise<string> {
  const storeId = (await readIfPresent(file))?.trim() ?? '';
  if (STORE_ID.test(storeId)) return storeId;
  throw new NodeError(
    'corrupt-state',
    `${file} holds no store id: restore it, or remove it to give up the copies on this disk`,
  );
}
