#!/usr/bin/env node
console.log(__filename.split('/').pop(), new Error('x').stack.split('\n')[1].replace(/.*:(\d+):\d+\)$/, 'line $1'));
