#!/usr/bin/env -S node --single-threaded-gc --min-semi-space-size=8 --max-semi-space-size=8
/**
 * The program. An older Node cannot even load the rest, so its version is looked at before that.
 *
 * The flags above are for the proxy: what it allocates dies young, so a large nursery is collected seldom, and
 * collecting it in helper threads costs more CPU than it saves. They have to be there from the start: V8 does not
 * resize a nursery it has, and crashes when concurrent marking is turned off under way (deploy/dependencies.mjs
 * passes the same flags).
 */

/** As `engines` in package.json. */
const NODE_MAJOR_MIN = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(`sluice needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  const { runProcess } = await import('./cli/program.ts');
  await runProcess();
}
