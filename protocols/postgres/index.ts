export { PostgresSession, type PostgresSettings } from './session.ts';
