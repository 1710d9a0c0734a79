const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const PROGRAM_INTERPRETER = 3;

/** True for a 64-bit ELF program that names no interpreter: it runs where there is nothing but itself. */
export function isStaticElf(program: Uint8Array): boolean {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  if (bytes.length < 64 || !bytes.subarray(0, 4).equals(MAGIC) || bytes[4] !== 2) return false;
  const tableOffset = Number(bytes.readBigUInt64LE(32));
  const entrySize = bytes.readUInt16LE(54);
  const entries = bytes.readUInt16LE(56);
  for (let index = 0; index < entries; index += 1)
    if (bytes.readUInt32LE(tableOffset + index * entrySize) === PROGRAM_INTERPRETER) return false;
  return true;
}
