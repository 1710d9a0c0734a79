import { execa } from 'execa';

/** Extended attributes by Python, since Node has no call for them and setfacl(1) is on few machines. */
async function python(script: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('python3', ['-c', `import json, os, sys\n${script}`, ...args]);
  return stdout;
}

export async function setAttribute(file: string, name: string, value: Buffer): Promise<void> {
  await python(
    'os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))',
    file,
    name,
    value.toString('hex'),
  );
}

export async function removeAttribute(file: string, name: string): Promise<void> {
  await python('os.removexattr(sys.argv[1], sys.argv[2])', file, name);
}

/** All of a file's, in hexadecimal digits. */
export async function attributesOf(file: string): Promise<unknown> {
  return JSON.parse(
    await python(
      'print(json.dumps({n: os.getxattr(sys.argv[1], n).hex() for n in os.listxattr(sys.argv[1])}))',
      file,
    ),
  );
}

export const ACCESS = 'system.posix_acl_access';
/** Of a directory: what is made in it gets this. */
export const DEFAULT = 'system.posix_acl_default';

const NOBODY = 0xffff_ffff;

/** Lets one more user read, as the kernel keeps it: a version, and of each entry whom it is for, the rights, and the id. */
export function readableBy(uid: number): Buffer {
  const entries = [
    { tag: 0x01, rights: 0o6, id: NOBODY },
    { tag: 0x02, rights: 0o4, id: uid },
    { tag: 0x04, rights: 0o4, id: NOBODY },
    { tag: 0x10, rights: 0o4, id: NOBODY },
    { tag: 0x20, rights: 0o0, id: NOBODY },
  ];
  const list = Buffer.alloc(4 + 8 * entries.length);
  list.writeUInt32LE(2);
  for (const [index, { tag, rights, id }] of entries.entries()) {
    list.writeUInt16LE(tag, 4 + 8 * index);
    list.writeUInt16LE(rights, 6 + 8 * index);
    list.writeUInt32LE(id, 8 + 8 * index);
  }
  return list;
}
