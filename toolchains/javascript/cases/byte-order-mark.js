console.log("bom", require("fs").readFileSync(__filename)[0] === 0xef);
