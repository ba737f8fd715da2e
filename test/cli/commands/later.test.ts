import test from 'ava';

import { cli } from '../../helpers/cli.js';

for (const command of ['bench']) {
  test(`${command} is not there yet, and says so`, async (t) => {
    const { code, stdout, stderr } = await cli([command, 'model.onnx', '--json']);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, new RegExp(`does not have the command '${command}'`));
  });
}
