import { parseVolumeId } from '../desired/volume-id.ts';

/** ISO 8601 without separators, to the millisecond: `20261121T101006123Z`. */
const STAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z$/;
const TRASH_NAME = /^(?<folderId>v-[a-z2-7]{16}-[0-9a-f]{12})-(?<stamp>\d{8}T\d{9}Z)$/;

export function stampOf(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:.]/g, '');
}

/** Name under `trash/` of a volume's directory that went there at `now` (milliseconds since the epoch). */
export function trashName(folderId: string, now: number): string {
  return `${folderId}-${stampOf(now)}`;
}

/** When an entry of `trash/` went there; undefined for what is none of ours, which is left alone. */
export function trashedAt(name: string): number | undefined {
  const groups = TRASH_NAME.exec(name)?.groups;
  const folderId = groups?.['folderId'] ?? '';
  const stamp = groups?.['stamp'] ?? '';
  if (parseVolumeId(folderId) === undefined) return undefined;
  const at = Date.parse(stamp.replace(STAMP, '$1-$2-$3T$4:$5:$6.$7Z'));
  return Number.isNaN(at) ? undefined : at;
}
