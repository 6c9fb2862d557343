/**
 * Statements without a handler of their own: what they are called and what they do. The relations they name
 * and the expressions, queries and functions inside them are found by a sweep over their tree (sweep.ts).
 * A statement that is in neither this table nor statement.ts is unreadable, so a new kind is denied.
 */
import type { Effect } from '../../core/effects.ts';

export interface UtilityRow {
  /** The verb, as the server's command tag has it. `*` stands for the kind of object. */
  readonly kind: string;
  readonly effects: readonly Effect[];
}

export const UTILITIES: Readonly<Record<string, UtilityRow>> = {
  AlterCollationStmt: { kind: 'ALTER COLLATION', effects: ['define'] },
  AlterDatabaseRefreshCollStmt: { kind: 'ALTER DATABASE', effects: ['admin'] },
  AlterDatabaseSetStmt: { kind: 'ALTER DATABASE', effects: ['admin'] },
  AlterDatabaseStmt: { kind: 'ALTER DATABASE', effects: ['admin'] },
  AlterDefaultPrivilegesStmt: { kind: 'ALTER DEFAULT PRIVILEGES', effects: ['admin'] },
  AlterDomainStmt: { kind: 'ALTER DOMAIN', effects: ['define'] },
  AlterEnumStmt: { kind: 'ALTER TYPE', effects: ['define'] },
  AlterEventTrigStmt: { kind: 'ALTER EVENT TRIGGER', effects: ['admin'] },
  AlterExtensionContentsStmt: { kind: 'ALTER EXTENSION', effects: ['define', 'admin'] },
  AlterExtensionStmt: { kind: 'ALTER EXTENSION', effects: ['define', 'admin'] },
  AlterFdwStmt: { kind: 'ALTER FOREIGN DATA WRAPPER', effects: ['admin', 'network'] },
  AlterForeignServerStmt: { kind: 'ALTER SERVER', effects: ['admin', 'network'] },
  AlterFunctionStmt: { kind: 'ALTER *', effects: ['define'] },
  AlterObjectDependsStmt: { kind: 'ALTER *', effects: ['define'] },
  AlterOpFamilyStmt: { kind: 'ALTER OPERATOR FAMILY', effects: ['define'] },
  AlterOperatorStmt: { kind: 'ALTER OPERATOR', effects: ['define'] },
  AlterOwnerStmt: { kind: 'ALTER *', effects: ['admin'] },
  AlterPolicyStmt: { kind: 'ALTER POLICY', effects: ['admin'] },
  AlterPublicationStmt: { kind: 'ALTER PUBLICATION', effects: ['admin'] },
  AlterRoleSetStmt: { kind: 'ALTER ROLE', effects: ['admin'] },
  AlterRoleStmt: { kind: 'ALTER ROLE', effects: ['admin'] },
  AlterSeqStmt: { kind: 'ALTER SEQUENCE', effects: ['define'] },
  AlterStatsStmt: { kind: 'ALTER STATISTICS', effects: ['define'] },
  AlterSubscriptionStmt: { kind: 'ALTER SUBSCRIPTION', effects: ['admin', 'network'] },
  AlterSystemStmt: { kind: 'ALTER SYSTEM', effects: ['admin', 'file'] },
  AlterTSConfigurationStmt: { kind: 'ALTER TEXT SEARCH CONFIGURATION', effects: ['define'] },
  AlterTSDictionaryStmt: { kind: 'ALTER TEXT SEARCH DICTIONARY', effects: ['define'] },
  AlterTableMoveAllStmt: { kind: 'ALTER TABLE', effects: ['admin'] },
  AlterTableSpaceOptionsStmt: { kind: 'ALTER TABLESPACE', effects: ['admin'] },
  AlterTypeStmt: { kind: 'ALTER TYPE', effects: ['define'] },
  AlterUserMappingStmt: { kind: 'ALTER USER MAPPING', effects: ['admin', 'network'] },
  CheckPointStmt: { kind: 'CHECKPOINT', effects: ['admin'] },
  ClusterStmt: { kind: 'CLUSTER', effects: ['admin'] },
  CommentStmt: { kind: 'COMMENT', effects: ['define'] },
  CompositeTypeStmt: { kind: 'CREATE TYPE', effects: ['define'] },
  ConstraintsSetStmt: { kind: 'SET CONSTRAINTS', effects: ['session'] },
  CreateAmStmt: { kind: 'CREATE ACCESS METHOD', effects: ['admin'] },
  CreateCastStmt: { kind: 'CREATE CAST', effects: ['define'] },
  CreateConversionStmt: { kind: 'CREATE CONVERSION', effects: ['define'] },
  CreateDomainStmt: { kind: 'CREATE DOMAIN', effects: ['define'] },
  CreateEnumStmt: { kind: 'CREATE TYPE', effects: ['define'] },
  CreateEventTrigStmt: { kind: 'CREATE EVENT TRIGGER', effects: ['define', 'admin'] },
  CreateExtensionStmt: { kind: 'CREATE EXTENSION', effects: ['define', 'admin', 'file'] },
  CreateFdwStmt: { kind: 'CREATE FOREIGN DATA WRAPPER', effects: ['admin', 'network'] },
  CreateForeignServerStmt: { kind: 'CREATE SERVER', effects: ['admin', 'network'] },
  CreateForeignTableStmt: { kind: 'CREATE FOREIGN TABLE', effects: ['define', 'network'] },
  CreateOpClassStmt: { kind: 'CREATE OPERATOR CLASS', effects: ['define'] },
  CreateOpFamilyStmt: { kind: 'CREATE OPERATOR FAMILY', effects: ['define'] },
  CreatePLangStmt: { kind: 'CREATE LANGUAGE', effects: ['define', 'admin'] },
  CreatePolicyStmt: { kind: 'CREATE POLICY', effects: ['admin'] },
  CreatePublicationStmt: { kind: 'CREATE PUBLICATION', effects: ['admin'] },
  CreateRangeStmt: { kind: 'CREATE TYPE', effects: ['define'] },
  CreateRoleStmt: { kind: 'CREATE ROLE', effects: ['admin'] },
  CreateSeqStmt: { kind: 'CREATE SEQUENCE', effects: ['define'] },
  CreateStatsStmt: { kind: 'CREATE STATISTICS', effects: ['define'] },
  CreateSubscriptionStmt: { kind: 'CREATE SUBSCRIPTION', effects: ['admin', 'network'] },
  CreateTableSpaceStmt: { kind: 'CREATE TABLESPACE', effects: ['admin', 'file'] },
  CreateTransformStmt: { kind: 'CREATE TRANSFORM', effects: ['define'] },
  CreateTrigStmt: { kind: 'CREATE TRIGGER', effects: ['define', 'execute'] },
  CreateUserMappingStmt: { kind: 'CREATE USER MAPPING', effects: ['admin', 'network'] },
  CreatedbStmt: { kind: 'CREATE DATABASE', effects: ['admin'] },
  DefineStmt: { kind: 'CREATE *', effects: ['define'] },
  DropOwnedStmt: { kind: 'DROP OWNED', effects: ['destroy', 'admin'] },
  DropRoleStmt: { kind: 'DROP ROLE', effects: ['destroy', 'admin'] },
  DropSubscriptionStmt: { kind: 'DROP SUBSCRIPTION', effects: ['destroy', 'admin', 'network'] },
  DropTableSpaceStmt: { kind: 'DROP TABLESPACE', effects: ['destroy', 'admin', 'file'] },
  DropUserMappingStmt: { kind: 'DROP USER MAPPING', effects: ['destroy', 'admin'] },
  DropdbStmt: { kind: 'DROP DATABASE', effects: ['destroy', 'admin'] },
  GrantRoleStmt: { kind: 'GRANT ROLE', effects: ['admin'] },
  GrantStmt: { kind: 'GRANT', effects: ['admin'] },
  ImportForeignSchemaStmt: { kind: 'IMPORT FOREIGN SCHEMA', effects: ['define', 'network'] },
  IndexStmt: { kind: 'CREATE INDEX', effects: ['define'] },
  ListenStmt: { kind: 'LISTEN', effects: ['session'] },
  LoadStmt: { kind: 'LOAD', effects: ['file', 'admin'] },
  NotifyStmt: { kind: 'NOTIFY', effects: ['session'] },
  ReassignOwnedStmt: { kind: 'REASSIGN OWNED', effects: ['admin'] },
  RefreshMatViewStmt: { kind: 'REFRESH MATERIALIZED VIEW', effects: ['write'] },
  ReindexStmt: { kind: 'REINDEX', effects: ['admin'] },
  ReplicaIdentityStmt: { kind: 'ALTER TABLE', effects: ['admin'] },
  RuleStmt: { kind: 'CREATE RULE', effects: ['define'] },
  SecLabelStmt: { kind: 'SECURITY LABEL', effects: ['admin'] },
  UnlistenStmt: { kind: 'UNLISTEN', effects: ['session'] },
};

/** Kinds of object as DROP and ALTER name them. */
export function objectWords(objectType: string | null): string {
  const word = (objectType ?? '').replace(/^OBJECT_/, '');
  switch (word) {
    case 'MATVIEW':
      return 'MATERIALIZED VIEW';
    case 'FOREIGN_SERVER':
      return 'SERVER';
    case 'FDW':
      return 'FOREIGN DATA WRAPPER';
    case 'TABCONSTRAINT':
    case 'TABLE':
      return 'TABLE';
    case 'TSCONFIGURATION':
      return 'TEXT SEARCH CONFIGURATION';
    case 'TSDICTIONARY':
      return 'TEXT SEARCH DICTIONARY';
    case 'TSPARSER':
      return 'TEXT SEARCH PARSER';
    case 'TSTEMPLATE':
      return 'TEXT SEARCH TEMPLATE';
    case 'OPCLASS':
      return 'OPERATOR CLASS';
    case 'OPFAMILY':
      return 'OPERATOR FAMILY';
    case 'STATISTIC_EXT':
      return 'STATISTICS';
    default:
      return word.replaceAll('_', ' ');
  }
}
