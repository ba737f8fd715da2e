import test from 'ava';

import { machine } from '#convfuse/api/machine.js';

test('the machine is named', (t) => {
  t.is(machine().node, process.version);
  t.true(machine().cores >= 1);
});
