# For comparison: a shell script's way to fold `thread apply all bt`. Prints each stack's functions,
# leaf first, with its count. A function without a name is its address.
/^Thread/ { if (stack != "") count[stack]++; stack = "" }
/^#/ {
	if ($3 == "in")
		name = $4
	else
		name = $2
	if (name == "??")
		name = $2
	stack = stack == "" ? name : stack "," name
}
END {
	if (stack != "")
		count[stack]++
	for (stack in count)
		print count[stack], stack
}
