import { missing } from './lib.mjs'; console.log(missing);
