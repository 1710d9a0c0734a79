import { CsiError, invalidArgument } from '../errors.ts';
import type { CapacityRange__Output } from '../gen/csi/v1/CapacityRange.ts';

const gib = 1024 ** 3;
/** For a request that leaves the size to the driver; Kubernetes never does. */
export const defaultCapacityBytes = gib;

export interface Capacity {
  /** What a new volume gets. */
  readonly bytes: number;
  /** What a volume that is there must have, to be what was asked for. */
  readonly atLeast: number;
  readonly atMost: number;
}

/** Kubernetes refuses a claim of size 0 itself; here it comes from another caller, and a range of nothing is an error. */
export function parseCapacity(range: CapacityRange__Output | null): Capacity {
  if (range === null) return { bytes: defaultCapacityBytes, atLeast: 0, atMost: Number.MAX_SAFE_INTEGER };
  const required = parseBytes('capacity_range.required_bytes', range.requiredBytes);
  const limit = parseBytes('capacity_range.limit_bytes', range.limitBytes);
  if (required === 0 && limit === 0) {
    throw invalidArgument(
      'capacity_range',
      'required_bytes and limit_bytes are both 0; a volume needs a size above 0',
    );
  }
  if (limit !== 0 && limit < required) {
    const message = `capacity_range: limit_bytes (${limit}) is below required_bytes (${required})`;
    throw new CsiError('out-of-range', message);
  }
  const atMost = limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
  return {
    bytes: required === 0 ? Math.min(defaultCapacityBytes, limit) : required,
    atLeast: required,
    atMost,
  };
}

/** Whether a volume of this size is what the request asks for; CreateVolume answers ALREADY_EXISTS if not. */
export function capacityFits(capacity: Capacity, bytes: number): boolean {
  return capacity.atLeast <= bytes && bytes <= capacity.atMost;
}

/** 0 is the same as absent (CSI 1.12, CapacityRange). Above 2^53 a number would round, and no disk is that large. */
function parseBytes(field: string, digits: string): number {
  const value = Number(digits);
  if (value < 0) throw invalidArgument(field, 'is negative');
  if (Number.isSafeInteger(value)) return value;
  throw new CsiError('out-of-range', `${field}: ${digits} bytes are more than any volume can have (8 PiB)`);
}
