// Generated from proto/, see tools/protos.


export interface GetPluginInfoRequest {
}

export interface GetPluginInfoRequest__Output {
}
