console.log('before');
const all = [];
for (;;) {
  try {
    all.push(new Array(100000).fill(all.length));
  } catch {
    // Catching does not help.
  }
}
