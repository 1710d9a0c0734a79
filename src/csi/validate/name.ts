import { invalidArgument } from '../errors.ts';

/** CSI 1.12, "Size Limits": of names and other strings. */
const maxBytes = 128;
/** CSI 1.12, CreateVolumeRequest.name: any Unicode text without these; tab, newline and carriage return are allowed. */
// oxlint-disable-next-line no-control-regex -- the control characters are the point
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** A name somebody chose. It never becomes a path or a folder id, so nothing else is wrong with any of them. */
export function parseName(field: string, value: string): string {
  if (value === '') throw invalidArgument(field, 'is missing');
  const bytes = Buffer.byteLength(value);
  if (bytes > maxBytes) throw invalidArgument(field, `has ${bytes} bytes, at most ${maxBytes} are allowed`);
  if (controlCharacter.test(value)) throw invalidArgument(field, 'holds a control character');
  return value;
}
