export { asLine, idOfTooLong, type Line, LineReader } from './lines.ts';
