const start = Date.now();
console.log(start > 1.7e12, new Date().getFullYear() >= 2024, process.uptime() < 5, performance.now() < 5000);
console.log(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000);
const before = process.hrtime.bigint();
const pair = process.hrtime();
setTimeout(() => {
  const passed = Number(process.hrtime.bigint() - before) / 1e6;
  const [seconds, nanoseconds] = process.hrtime(pair);
  console.log(passed >= 19 && passed < 1000, seconds === 0 && nanoseconds > 18e6, Date.now() - start >= 19);
}, 20);
console.log(new Date(0).toString(), '|', new Date(2024, 0, 31).toISOString(), new Date().getTimezoneOffset());
console.log(new Date('2024-02-30').getTime(), Date.UTC(2020, 1, 29), new Date('2024-03-10T10:00:00+02:00').toJSON());
