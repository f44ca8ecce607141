// Node programs that hang, each in a different way: node.js CASE. Each prints its pid.
const cases = {
	spin() { for (;;); },
	timer() { setInterval(() => {}, 60000); },
};
const work = cases[process.argv[2]];
if (!work) {
	console.error(`usage: node.js ${Object.keys(cases).join("|")}`);
	process.exit(2);
}
require("fs").writeSync(1, `${process.pid}\n`);
work();
