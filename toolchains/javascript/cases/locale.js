console.log((1234567.891).toLocaleString(), (0).toLocaleString(), (-1234.5).toLocaleString(), (1e21).toLocaleString(), (123456789n).toLocaleString(), NaN.toLocaleString());
console.log((1234.5).toLocaleString('en-US', { style: 'currency', currency: 'USD' }), (0.256).toLocaleString('en-US', { style: 'percent' }), (5).toLocaleString('en-US', { minimumFractionDigits: 2 }), (1.005).toLocaleString(undefined, { maximumFractionDigits: 2 }), (12345).toLocaleString('en-US', { useGrouping: false }));
const date = new Date(Date.UTC(2024, 0, 5, 15, 4, 9));
console.log(date.toLocaleString(), '|', date.toLocaleDateString(), '|', date.toLocaleTimeString());
console.log(date.toLocaleDateString('en-US', { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }), '|', date.toLocaleTimeString('en-US', { hour: '2-digit', minute: '2-digit' }), '|', date.toLocaleDateString('en-US', { month: 'short', day: 'numeric' }), '|', date.toLocaleString('en-US', { hour12: false }));
console.log(date.toString(), '|', date.toDateString(), '|', date.toUTCString(), '|', String(new Date(NaN)));
console.log(['b', 'a', 'C', 'ä', 'Z', 'z', 'A'].sort((x, y) => x.localeCompare(y)).join(), ['a10', 'a2', 'a1'].sort((x, y) => x.localeCompare(y, undefined, { numeric: true })).join(), 'a'.localeCompare('A', undefined, { sensitivity: 'base' }), 'résumé'.localeCompare('resume'));
console.log(new Intl.NumberFormat('en-US').format(9876543.21), new Intl.DateTimeFormat('en-US').format(date), [1, 2, 3].toLocaleString(), [1234.5, date].toLocaleString());
