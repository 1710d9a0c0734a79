// Generated from proto/, see tools/protos.


export interface NodeGetInfoRequest {
}

export interface NodeGetInfoRequest__Output {
}
