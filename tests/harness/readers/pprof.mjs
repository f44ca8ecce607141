/* Reads pprof's format with the package pprof-format. Prints one line of JSON for each file: a profile
 * for each type of value, with the total and self weight of each function.
 *
 *	node pprof.mjs MODULES FILE... */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const { Profile } = createRequire(resolve(process.argv[2], "here.js"))("pprof-format");

function weigh(profile, kind) {
	const text = (number) => profile.stringTable.strings[Number(number)];
	const by_id = (list) => new Map(list.map((thing) => [Number(thing.id), thing]));
	const functions = by_id(profile.function), locations = by_id(profile.location);
	const name = (id) => text(functions.get(Number(locations.get(Number(id)).line[0].functionId)).name);
	const found = new Map();
	let total = 0;
	for (const sample of profile.sample) {
		const value = Number(sample.value[kind]);
		const stack = sample.locationId.map(name);
		for (const each of new Set(stack)) {
			const at = found.get(each) ?? [each, 0, 0];
			at[1] += value;
			at[2] += each === stack[0] ? value : 0;
			found.set(each, at);
		}
		total += value;
	}
	const { type, unit } = profile.sampleType[kind];
	return { name: text(type), unit: text(unit), total, functions: [...found.values()] };
}

for (const path of process.argv.slice(3)) {
	const profile = Profile.decode(gunzipSync(readFileSync(path)));
	console.log(JSON.stringify(profile.sampleType.map((_, kind) => weigh(profile, kind))));
}
