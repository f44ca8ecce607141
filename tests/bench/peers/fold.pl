# For comparison: a flame graph script's way to fold `thread apply all bt`. Prints each stack's
# functions, root first, with its count.
use strict;
use warnings;

my (%count, @stack);

sub keep {
	$count{join ";", reverse @stack}++ if @stack;
	@stack = ();
}

while (<>) {
	if (/^Thread/) {
		keep();
	} elsif (/^#\d+\s+(?:0x[0-9a-f]+ in )?(.+?) ?\(/) {
		push @stack, $1;
	}
}
keep();
print "$_ $count{$_}\n" for sort keys %count;
