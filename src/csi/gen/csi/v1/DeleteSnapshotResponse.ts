// Generated from proto/, see tools/protos.


export interface DeleteSnapshotResponse {
}

export interface DeleteSnapshotResponse__Output {
}
