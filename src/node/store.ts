/** The disk of this node: whom it belongs to, and the random name by which every proof speaks of it. */
import { randomUUID } from 'node:crypto';
import { claimDataDir, type Owner } from '../runtime/data-dir-owner.ts';
import { hostLayout, type HostLayout } from './host-layout.ts';
import { createDurably, makeDirectoryDurably, readIfPresent } from '../runtime/durable-file.ts';
import { NodeError } from './errors.ts';

export interface Store {
  readonly storeId: string;
  readonly layout: HostLayout;
}

const STORE_ID = /^[0-9a-f-]{36}$/;

/**
 * Opens the directory, or makes it one of ours. A store id is made once and never again: a disk that lost it is another
 * store and holds nothing (docs/handoff.md, "Words"). A directory of another instance is refused.
 */
export async function openStore(hostDataDir: string, owner: Owner): Promise<Store> {
  const layout = hostLayout(hostDataDir);
  try {
    await claimDataDir(hostDataDir, owner);
    for (const directory of [layout.volumes, layout.archive, layout.trash, layout.imports])
      await makeDirectoryDurably(directory);
    await createDurably(layout.storeIdFile, `${randomUUID()}\n`);
    return { storeId: await readStoreId(layout.storeIdFile), layout };
  } catch (error) {
    throw NodeError.from(error, `use host_data_dir ${hostDataDir}`);
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
