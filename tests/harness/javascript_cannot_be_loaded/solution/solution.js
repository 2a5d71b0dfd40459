exports.f = () => 1;
throw new Error('while loading');
