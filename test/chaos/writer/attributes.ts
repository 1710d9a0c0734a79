/** One extended attribute of files and directories. Node.js has no call for them, so that libc is asked (`--experimental-ffi`). */
import { dlopen } from 'node:ffi';

const NAME = 'user.chaos';
const MOST = 64;

const { functions } = dlopen('libc.so.6', {
  lsetxattr: { arguments: ['string', 'string', 'buffer', 'uint64', 'int32'], return: 'int32' },
  lgetxattr: { arguments: ['string', 'string', 'buffer', 'uint64'], return: 'int64' },
  lremovexattr: { arguments: ['string', 'string'], return: 'int32' },
});

/** What the attribute says; undefined where there is none. At most 64 bytes. */
export function readAttribute(path: string): string | undefined {
  const value = Buffer.alloc(MOST);
  const length = Number(functions.lgetxattr(path, NAME, value, BigInt(MOST)));
  return length < 0 ? undefined : value.toString('latin1', 0, length);
}

/** Undefined takes it away. */
export function writeAttribute(path: string, text: string | undefined): void {
  if (text === undefined) {
    functions.lremovexattr(path, NAME);
    return;
  }
  const value = Buffer.from(text, 'latin1');
  if (functions.lsetxattr(path, NAME, value, BigInt(value.length), 0) !== 0)
    throw new Error(`the attribute ${NAME} of ${path} could not be set`);
}
