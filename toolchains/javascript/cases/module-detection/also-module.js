export const value = await Promise.resolve('detected');
