# What a script for flame graphs does with `thread apply all bt`: the functions of each stack, root first, and how often it was
# there.
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
