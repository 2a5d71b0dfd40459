export const twice = (x) => x * 2;
export default { name: 'default' };
