/* Reads files with speedscope's importers. Prints one line of JSON for each file: its profiles, with
 * the total and self weight of each function.
 *
 *	node speedscope.mjs MODULES FILE...
 *
 * The package is a web page in one script and has no interface for programs. The importers are a
 * module in that script. So the script runs without a page, up to the point where it would draw the
 * page, and then that module is taken from it. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import vm from "node:vm";

function importers(modules) {
	const folder = join(modules, "speedscope/dist/release");
	const script = readdirSync(folder).find((name) => /^speedscope-\w+\.js$/.test(name));
	const text = readFileSync(join(folder, script), "utf8");
	const module = /Promise\.resolve\(\)\.then\(\(\)=>(\(\w+\(\),(\w+)\))\)/.exec(text);
	const drawing = "console.log(`speedscope v";
	if (!module || !text.includes(`(${module[2]},{importFromFileSystemDirectoryEntry:`) || !text.includes(drawing))
		throw new Error("speedscope's script is not as it was");
	const nothing = new Proxy(function () {}, {
		get: (_, key) => (key === Symbol.toPrimitive ? () => "" : nothing),
		set: () => true,
		apply: () => nothing,
		construct: () => nothing,
	});
	const quiet = { log() {}, warn() {}, error() {} };
	const page = { document: nothing, localStorage: nothing, navigator: nothing, location: nothing, console: quiet };
	const world = { ...page, TextDecoder, TextEncoder, atob, setTimeout, clearTimeout, URL, Blob, performance };
	world.window = world.self = world;
	const ready = text.replace(drawing, () => `window.importers=${module[1]};throw new Error("loaded");${drawing}`);
	try {
		vm.runInNewContext(ready, world);
	} catch (error) {
		if (error.message !== "loaded")
			throw error;
	}
	return world.importers;
}

const { importProfilesFromArrayBuffer } = importers(process.argv[2]);
for (const path of process.argv.slice(3)) {
	const bytes = new Uint8Array(readFileSync(path));
	const group = await importProfilesFromArrayBuffer(basename(path), bytes.buffer);
	const profiles = group.profiles.map((profile) => {
		const functions = [];
		profile.forEachFrame((frame) =>
			functions.push([frame.name, frame.getTotalWeight(), frame.getSelfWeight()]));
		return { name: profile.getName(), unit: profile.getWeightUnit(), total: profile.getTotalNonIdleWeight(), functions };
	});
	console.log(JSON.stringify(profiles));
}
