/** Which instance of the driver a `host_data_dir` belongs to: the first that used it, for good. */
import path from 'node:path';
import * as z from 'zod/mini';
import { createDurably, makeDirectoryDurably, readIfPresent } from './durable-file.ts';

export interface Owner {
  readonly driverName: string;
  readonly namespace: string;
}

export type OwnerErrorKind =
  /** The directory belongs to another instance of the driver. */
  | 'foreign-owner'
  /** The file that names the owner cannot be understood. */
  | 'corrupt-state';

export class OwnerError extends Error {
  override readonly name = 'OwnerError';
  readonly kind: OwnerErrorKind;

  constructor(kind: OwnerErrorKind, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

const ownerSchema = z.object({ driverName: z.string(), namespace: z.string() });

export function ownerFile(hostDataDir: string): string {
  return path.join(hostDataDir, 'owner');
}

/** Makes the directory and takes it for this instance, before anything else is written there. Throws OwnerError. */
export async function claimDataDir(hostDataDir: string, { driverName, namespace }: Owner): Promise<void> {
  const file = ownerFile(hostDataDir);
  await makeDirectoryDurably(hostDataDir);
  await createDurably(file, `${JSON.stringify({ driverName, namespace })}\n`);
  const found = parseOwner(file, (await readIfPresent(file)) ?? '');
  if (found.driverName === driverName && found.namespace === namespace) return;
  throw new OwnerError(
    'foreign-owner',
    `${hostDataDir} belongs to driver ${found.driverName} in namespace ${found.namespace}, and this is driver ` +
      `${driverName} in namespace ${namespace}: give each instance a host_data_dir of its own`,
  );
}

function parseOwner(file: string, text: string): Owner {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${file} does not say which driver owns the directory; see docs/troubleshooting.md`;
    throw new OwnerError('corrupt-state', message, { cause });
  }
}
