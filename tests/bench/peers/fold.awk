# What a shell script does with `thread apply all bt`: the functions of each stack, leaf first, and how often it was there.
/^Thread/ { if (stack != "") count[stack]++; stack = "" }
/^#/ {
	if ($3 == "in")
		name = $4
	else
		name = $2
	stack = stack == "" ? name : stack "," name
}
END {
	if (stack != "")
		count[stack]++
	for (stack in count)
		print count[stack], stack
}
