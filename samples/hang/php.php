<?php
// PHP programs that hang, each in a different way: php.php CASE. Each prints its pid.
function nap() {
	sleep(100);
}

function spin() {
	for (;;);
}

$work = ["sleep" => "nap", "spin" => "spin"][$argv[1] ?? ""] ?? null;
if (!$work) {
	fwrite(STDERR, "usage: php.php sleep|spin\n");
	exit(2);
}
echo getmypid(), "\n";
$work();
