/** Rows are put together in the same sink that maskers write to, so it belongs to all. */
export { ByteSink } from '../bytes/index.ts';
