export { Accumulator } from './accumulator.ts';
export { ByteSink } from './byte-sink.ts';
export { latin1 } from './latin1.ts';
export { ByteReader, MalformedBytes } from './reader.ts';
export { FrameWriter } from './writer.ts';
