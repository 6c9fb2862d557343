export { Accumulator } from './accumulator.ts';
export { ByteReader, MalformedBytes } from './reader.ts';
export { FrameWriter } from './writer.ts';
