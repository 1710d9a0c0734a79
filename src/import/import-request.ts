/** What `syncthing-csi import` is asked for, from its arguments. */
import { parseArgs } from 'node:util';

export interface ImportRequest {
  readonly node: string;
  /** Below `import/` in the driver's directory on that node. */
  readonly directory: string;
  readonly claim: { readonly namespace: string; readonly name: string };
  /** As Kubernetes writes it, e.g. `10Gi`. */
  readonly size: string;
  readonly bytes: number;
}

export const USAGE = 'import --node NODE --directory NAME --claim NAMESPACE/NAME --size 10Gi';

/** The arguments are not what they have to be; the message says which, and how it is done. */
export class ImportUsageError extends Error {
  override readonly name = 'ImportUsageError';
}

const DIRECTORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const CLAIM = /^(?<namespace>[a-z0-9][a-z0-9-]{0,62})\/(?<name>[a-z0-9][a-z0-9.-]{0,252})$/;
const SIZE = /^(?<number>[1-9][0-9]{0,14})(?<unit>[KMGTP]i|[kMGTP])?$/;
const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** Throws ImportUsageError. */
export function parseImport(args: readonly string[]): ImportRequest {
  const { node = '', directory = '', claim = '', size = '' } = valuesOf(args);
  if (node === '') throw usage('--node', 'is missing');
  if (!DIRECTORY.test(directory))
    throw usage('--directory', 'is not the name of one directory below import/');
  return { node, directory, claim: claimOf(claim), size, bytes: bytesOf(size) };
}

function claimOf(text: string): ImportRequest['claim'] {
  const { namespace, name } = CLAIM.exec(text)?.groups ?? {};
  if (namespace === undefined || name === undefined) throw usage('--claim', 'is not NAMESPACE/NAME');
  return { namespace, name };
}

function valuesOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { node: text, directory: text, claim: text, size: text };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw usage('arguments', error instanceof Error ? error.message : 'cannot be understood');
  }
}

function bytesOf(size: string): number {
  const { number, unit = '' } = SIZE.exec(size)?.groups ?? {};
  if (number === undefined) throw usage('--size', 'is no size such as 10Gi');
  const bytes = Number(number) * (unit.endsWith('i') ? 1024 : 1000) ** UNITS.indexOf(powerOf(unit));
  if (!Number.isSafeInteger(bytes)) throw usage('--size', 'is too large');
  return bytes;
}

/** `Ki` and `k` are the same power of their own base. */
function powerOf(unit: string): string {
  const [first = ''] = unit;
  return first === 'K' ? 'k' : first;
}

function usage(what: string, complaint: string): ImportUsageError {
  return new ImportUsageError(`${what}: ${complaint}; usage: ${USAGE}`);
}
