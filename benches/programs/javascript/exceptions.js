// Exceptions thrown and caught, destructuring, optional chaining.
class Refused extends Error {}
const check = (n) => {
  if (n % 3 === 0) throw new Refused(`no ${n}`);
  return { value: { inner: n % 5 ? { deep: n } : null } };
};
let sum = 0;
for (let n = 0; n < 600000; n++) {
  try {
    const { value: { inner } } = check(n);
    sum += inner?.deep ?? 1;
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    sum += fault.message.length;
  } finally {
    sum += 1;
  }
}
console.log(sum);
