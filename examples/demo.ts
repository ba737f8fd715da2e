// `npm run demo`: the classic experiment on one layer, then a real trained model.

import { demoLayer } from './demo/layer.js';
import { demoModel } from './demo/model.js';

await demoLayer();
console.log();
await demoModel();
