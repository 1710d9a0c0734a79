/** What the controller and the nodes of one instance are told of the hand-off; times in milliseconds. */
export interface HandoffSettings {
  /** A writer that is a data node itself ends its grant on its own copy after this (handoff rule 23). */
  readonly ownCopyAfterMs: number;
  /** A SyncthingNode whose heartbeat is older counts as away: its report proves nothing about now. */
  readonly heartbeatTimeoutMs: number;
  /** From the last sign of a writer to its loss, for volumes with `failover: automatic` (handoff rule 25). */
  readonly failoverAfterMs: number;
  /** Least time between two proving scans of an attached volume. */
  readonly scanIntervalMs: number;
  /** From the end of one scrub of a copy to the next; 0: none are made unless asked for (handoff rule 41). */
  readonly scrubIntervalMs: number;
  /** Kubernetes attaches a volume before a node stages it (handoff rule 6). */
  readonly attach: boolean;
}

export const defaultHandoffSettings: HandoffSettings = {
  ownCopyAfterMs: 20_000,
  heartbeatTimeoutMs: 60_000,
  failoverAfterMs: 300_000,
  scanIntervalMs: 5_000,
  scrubIntervalMs: 0,
  attach: false,
};
