// Strings: put together, cut, searched, changed.
const parts = [];
for (let n = 0; n < 130000; n++) parts.push(`item-${n % 977}:${(n * 7919) % 10007}`);
const text = parts.join(",");
let sum = 0;
for (const part of text.split(",")) {
  const [name, value] = part.split(":");
  sum += name.length + Number(value);
  if (part.includes("9:1") || part.startsWith("item-3")) sum += part.indexOf(":");
  sum += part.toUpperCase().charCodeAt(part.length >> 1) + part.slice(2, 6).padStart(9, "*").length;
}
let built = "";
for (let n = 0; n < 600000; n++) built += String.fromCharCode(97 + (n % 26));
let vowels = 0;
for (let n = 0; n < built.length; n++) if ("aeiou".includes(built[n])) vowels++;
console.log(sum, vowels, built.replaceAll("xyz", "-").length);
