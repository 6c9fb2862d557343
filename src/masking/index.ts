/**
 * Masking, without any wire: values in, masked values of the same type and format out. What a protocol does with it:
 * a `MaskPlan` for the columns of a result, `compilePlan` and `maskOne` for cells in place, or `BatchWriter` and a
 * `MaskLane` for many of them in threads.
 */
export { BatchReader, BatchWriter, KEPT_CELL, maskBatch, maskOne, NULL_CELL } from './batch.ts';
export { ByteSink } from './byte-sink.ts';
export { bindMasker, type CellMasker, maskerProblem } from './cell-masker.ts';
export {
  baseOf,
  type CellDialect,
  type CellFormat,
  type CellType,
  describeType,
  fitsInteger,
  integerSize,
  SCALAR_KINDS,
  type ScalarKind,
  TEXT,
  UNKNOWN,
} from './cell-type.ts';
export type { CellCodec } from './codec/codec.ts';
export { MYSQL_CODEC } from './codec/mysql.ts';
export { mysqlCellType, mysqlColumnType } from './codec/mysql-types.ts';
export { POSTGRES_CODEC } from './codec/postgres.ts';
export { type PostgresTypeRow, postgresCellType } from './codec/postgres-types.ts';
export { patternProblem } from './detectors/custom.ts';
export { DETECTORS, type DetectorName } from './detectors/index.ts';
export { DocumentMasker, WITHHELD } from './documents/document-masker.ts';
export { compileDocumentPlan, type DocumentPlan, documentPlan } from './documents/document-plan.ts';
export { inlineBytesMax } from './documents/document-route.ts';
export { type AskedMasks, type MaskedDocument, maskAsked, ownBytes } from './documents/document-task.ts';
export { type MessageSurfaces, maskMessage } from './documents/message.ts';
export { SpanEdits } from './documents/span-edits.ts';
export { type KeyRing, keyRingProblem, type MaskKey } from './keys.ts';
export { type MaskerSpec, makeMasker } from './make-masker.ts';
export { type LaneEvents, MaskLane } from './mask-lane.ts';
export { MASK_POOL_DEFAULTS, MaskFailure, MaskPool, type MaskPoolOptions } from './mask-pool.ts';
export type { Masker } from './masker.ts';
export { MASKERS, type MaskerName } from './maskers/index.ts';
export { detokenise } from './maskers/token.ts';
export {
  CODECS,
  type ColumnMask,
  type ColumnPlan,
  type CompiledPlan,
  compilePlan,
  type DetectRule,
  type MaskPlan,
  maskPlan,
} from './plan.ts';
export { DetectorProbe, type Found } from './probe.ts';
export { MaskRoute } from './route.ts';
export {
  type NamedMasker,
  namedMasker,
  type WithDocument,
  withSchema,
} from './with.ts';
