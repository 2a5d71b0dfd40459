await new Promise((done) => setTimeout(done, 5)); export const value = 'slow';
