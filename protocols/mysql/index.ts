export { MysqlSession, type MysqlSettings } from './session.ts';
