/** What an OK packet tells people, as servers of both kinds write it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { okPacket } from '../../../protocols/mysql/encode.ts';

test('promise 10: the text of an OK packet has its length in front, whether sessions are tracked or not', () => {
  const info = Buffer.from('Rows matched: 0  Changed: 0  Warnings: 0');
  const fields = {
    affected: 0,
    insertId: 0,
    status: 2,
    warnings: 0,
    info,
    sessionState: null,
    endsResult: false,
  };
  // As MySQL 9.7 sends it to a client without SESSION_TRACK.
  assert.equal(
    okPacket(fields, 0, 1).toString('latin1'),
    '0\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00(Rows matched: 0  Changed: 0  Warnings: 0',
  );
});
