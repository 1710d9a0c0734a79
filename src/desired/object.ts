/** What every Kubernetes object of ours has, parsed at the edge. */
export interface ObjectIdentity {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly finalizers: readonly string[];
  /** RFC 3339; set while the API server waits for finalizers. */
  readonly deletionTimestamp?: string;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A metav1.Condition. `reason` is CamelCase, `message` is for the person who reads `kubectl describe`. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339; moves only when `status` does. */
  readonly lastTransitionTime: string;
}
