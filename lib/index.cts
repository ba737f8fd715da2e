import api = require('./index.js');
export = api;
