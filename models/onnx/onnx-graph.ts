/** The shape of what `models/` hands over: an ONNX message with its weights beside it. Types only. */

export type TensorType = "float32" | "int64" | "int32" | "uint8" | "float16";

/** A dimension is a number, or a name for one that is dynamic. */
export interface TensorSpec {
  name: string;
  type: TensorType;
  shape: (number | string)[];
}

/**
 * One ONNX graph. `model` is the protobuf message without large weights; these lie in `externalData`,
 * which the message refers to by `path`, and go to the runtime's session options as they are.
 */
export interface OnnxGraph {
  name: GraphName;
  model: Uint8Array;
  externalData: { path: string; data: Uint8Array }[];
  inputs: TensorSpec[];
  outputs: TensorSpec[];
}

export type GraphName = "image-encoder" | "memory-attention" | "mask-decoder" | "memory-encoder";
