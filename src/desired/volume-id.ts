/**
 * Names of a volume. The resource's name comes from the request alone, so that the same CreateVolume asked twice finds
 * the same resource; the volume id carries the resource's uid as well, so that a name used again never meets the bytes
 * of an earlier volume (docs/design.md, "State").
 */
import { createHash } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const VOLUME_ID = /^(?<name>v-[a-z2-7]{16})-(?<uidPrefix>[0-9a-f]{12})$/;

export interface VolumeIdParts {
  /** Name of the SyncthingVolume. */
  readonly name: string;
  /** The first 12 hexadecimal digits of its uid. */
  readonly uidPrefix: string;
}

/** The first `length` characters of the lower-case base32 of a text's SHA-256; `length` at most 51. */
export function shortHash(text: string, length: number): string {
  const digest = createHash('sha256').update(text, 'utf8').digest();
  let bits = 0;
  let held = 0;
  let out = '';
  for (const byte of digest) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 5 && out.length < length) {
      held -= 5;
      out += BASE32.charAt((bits >> held) & 31);
    }
    bits &= (1 << held) - 1;
  }
  return out;
}

/** Name of the SyncthingVolume for the name of a CreateVolume request (any text, CSI 1.12 allows 128 bytes). */
export function resourceNameOf(requestName: string): string {
  return `v-${shortHash(requestName, 16)}`;
}

/** The CSI volume id, which is Syncthing's folder id too. `uid` is the resource's, as Kubernetes writes it. */
export function volumeIdOf(name: string, uid: string): string {
  return `${name}-${uid.replaceAll('-', '').toLowerCase().slice(0, 12)}`;
}

/** Takes a volume id apart; undefined for whatever is not one of ours, such as an id with `../` in it. */
export function parseVolumeId(id: string): VolumeIdParts | undefined {
  const groups = VOLUME_ID.exec(id)?.groups;
  const name = groups?.['name'];
  const uidPrefix = groups?.['uidPrefix'];
  return name === undefined || uidPrefix === undefined ? undefined : { name, uidPrefix };
}
