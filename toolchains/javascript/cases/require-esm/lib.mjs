export const value = { x: 1 }; export default 'default';
