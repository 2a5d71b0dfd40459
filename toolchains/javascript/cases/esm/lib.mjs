console.log('lib runs first');
export default 'default';
export const named = 'named';
export let live = 1;
export function bump() { live++; }
