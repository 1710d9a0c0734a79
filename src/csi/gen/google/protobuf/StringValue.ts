// Generated from proto/, see tools/protos.


export interface StringValue {
  'value'?: (string);
}

export interface StringValue__Output {
  'value': (string);
}
