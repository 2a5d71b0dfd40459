console.log('the wrapper must not be commented out');
// no newline follows